package config

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/caddyserver/caddy/v2"
)

// Exchange is what all exchanges of tokens for credentials have in common.
type Exchange struct {
	// UserPools are the names of the user pools whose ID tokens are exchanged.
	// Required, unless an identity pool lets in only guests.
	UserPools []string `json:"user_pool,omitempty"`
	// RoleARN is the IAM role of users for whom nothing else says a role. At an
	// identity pool it may be left out: the pool then chooses.
	RoleARN string `json:"role_arn,omitempty"`
	// GroupRoles are tried in order: the first whose group the user is in decides.
	// With them, users for whom neither they nor `preferred_role` nor `role_arn`
	// say a role get status 403.
	GroupRoles []GroupRole `json:"group_role,omitempty"`
	// PreferredRole takes the role of the claim `cognito:preferred_role`, after
	// group_role and before role_arn.
	PreferredRole bool `json:"preferred_role,omitempty"`
	// OutliveToken lets credentials that leave the edge be used for as long as
	// the service says, also when the token expires earlier. Default: they are
	// said to expire with the token.
	OutliveToken bool `json:"outlive_token,omitempty"`
	// CacheSize bounds how many users' credentials are kept, about 3 kB each.
	// Default 10000.
	CacheSize int `json:"cache_size,omitempty"`
	// InsecureHTTP allows http endpoints, also of `basic`, that are not on this
	// machine. Whoever sits on the way then reads tokens and credentials: for test
	// networks only.
	InsecureHTTP bool `json:"insecure_http,omitempty"`
}

// GroupRole is the role of a group's members.
type GroupRole struct {
	// Group is the name of a user pool group.
	Group string `json:"group"`
	// RoleARN is the IAM role of its members.
	RoleARN string `json:"role_arn"`
}

// STS describes calls of AssumeRoleWithWebIdentity.
type STS struct {
	// Endpoint is the URL of the STS. Default: that of the region.
	Endpoint string `json:"endpoint,omitempty"`
	// Region is the AWS region. Default in `basic`: that of the identity pool.
	// Elsewhere it is required without an endpoint, and `us-east-1` with one.
	Region string `json:"region,omitempty"`
	// Duration is how long credentials are to last, `15m` to `12h`. Default:
	// until the token expires, an hour at most.
	Duration caddy.Duration `json:"duration,omitempty"`
	// Policy is a session policy in JSON, of at most 2048 bytes, which can only
	// take rights away. Placeholders are not replaced in it.
	Policy string `json:"policy,omitempty"`
	// PolicyARNs are managed session policies, at most 10, which can only take
	// rights away.
	PolicyARNs []string `json:"policy_arn,omitempty"`
}

var (
	regionForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	arnForm    = regexp.MustCompile(`^arn:[^:\s]+:[^:\s]*:[^:\s]*:[^:\s]*:\S+$`)
)

func (e *Exchange) hasRole() bool {
	return e.RoleARN != "" || e.PreferredRole || len(e.GroupRoles) > 0
}

func (e *Exchange) validateComplete() error {
	for _, mapping := range e.GroupRoles {
		if mapping.Group == "" || mapping.RoleARN == "" {
			return fmt.Errorf("group_role: expected the name of a group and the ARN of a role, got %q and %q", mapping.Group, mapping.RoleARN)
		}
	}
	return nil
}

func (e *Exchange) validate() error {
	if err := e.validatePools(); err != nil {
		return err
	}
	if err := validateARN("role_arn", "role/readers", e.RoleARN); err != nil {
		return err
	}
	for i, mapping := range e.GroupRoles {
		if slices.ContainsFunc(e.GroupRoles[:i], func(before GroupRole) bool { return before.Group == mapping.Group }) {
			return fmt.Errorf("group_role: group %q stands here twice; remove one of them", mapping.Group)
		}
		if err := validateARN("group_role", "role/readers", mapping.RoleARN); err != nil {
			return err
		}
	}
	if e.CacheSize < 0 {
		return fmt.Errorf("cache_size: expected 0 or more, got %d", e.CacheSize)
	}
	return nil
}

func (e *Exchange) validatePools() error {
	for _, name := range e.UserPools {
		if IsPoolID(name) {
			return fmt.Errorf("user_pool: expected the name of a user_pool, got the pool ID %q; configure it as a user_pool and use that name", name)
		}
		if name != "" && !nameForm.MatchString(name) {
			return fmt.Errorf("user_pool: expected the name of a user_pool, got %q", name)
		}
	}
	return distinct("user_pool", e.UserPools)
}

// validateARN accepts any partition and service, since MinIO's roles are
// arn:minio:…. An empty value is not configured.
func validateARN(key, example, arn string) error {
	if arn != "" && !arnForm.MatchString(arn) {
		return fmt.Errorf("%s: expected an ARN such as arn:aws:iam::111122223333:%s, got %q", key, example, arn)
	}
	return nil
}

// Bounds of STS.
const (
	minDuration, maxDuration = 15 * time.Minute, 12 * time.Hour
	maxPolicy, maxPolicyARNs = 2048, 10
)

func (s *STS) validate(insecure bool) error {
	if err := validateURL("endpoint", s.Endpoint, insecure); err != nil {
		return err
	}
	if err := validateRegion(s.Region); err != nil {
		return err
	}
	if d := time.Duration(s.Duration); d != 0 && (d < minDuration || d > maxDuration) {
		return fmt.Errorf("duration: expected 15m to 12h, got %v", d)
	}
	if err := validatePolicy(s.Policy); err != nil {
		return err
	}
	return s.validatePolicyARNs()
}

func validatePolicy(policy string) error {
	if policy == "" {
		return nil
	}
	if len(policy) > maxPolicy {
		return fmt.Errorf("policy: expected at most %d bytes, got %d; shorten it, or name managed policies with policy_arn", maxPolicy, len(policy))
	}
	if err := json.Unmarshal([]byte(policy), new(any)); err != nil {
		return fmt.Errorf("policy: expected a JSON object: %w; in a Caddyfile, put it between backticks", err)
	}
	if !isObject(policy) {
		return fmt.Errorf("policy: expected a JSON object, got %q", policy)
	}
	return nil
}

func (s *STS) validatePolicyARNs() error {
	for _, arn := range s.PolicyARNs {
		if err := validateARN("policy_arn", "policy/read-only", arn); err != nil {
			return err
		}
	}
	if len(s.PolicyARNs) > maxPolicyARNs {
		return fmt.Errorf("policy_arn: expected at most %d, got %d", maxPolicyARNs, len(s.PolicyARNs))
	}
	return distinct("policy_arn", s.PolicyARNs)
}

func validateRegion(region string) error {
	if region != "" && !regionForm.MatchString(region) {
		return fmt.Errorf("region: expected a region such as eu-west-1, got %q", region)
	}
	return nil
}

// replaceable leaves out the policy, whose braces are JSON.
func (s *STS) replaceable() []replaceable {
	return []replaceable{
		replaceValue("endpoint", &s.Endpoint), replaceValue("region", &s.Region), replaceList("policy_arn", &s.PolicyARNs),
	}
}

func (e *Exchange) replaceable() []replaceable {
	e.GroupRoles = slices.Clone(e.GroupRoles)
	fields := []replaceable{replaceValue("role_arn", &e.RoleARN)}
	for i := range e.GroupRoles {
		fields = append(fields, replaceValue("group_role", &e.GroupRoles[i].RoleARN))
	}
	return fields
}
