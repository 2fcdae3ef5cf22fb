package credentials

import "fmt"

// MisconfiguredError means that the service refuses what is configured, so that
// trying again does not help and an operator must act.
type MisconfiguredError struct {
	// Key is what to mend: region, bucket, endpoint, credentials, clock,
	// identity_pool or web_identity.
	Key string
	// Got is the value in use, and Want the one that the service names, where
	// they are known.
	Got, Want string
	// Code is the error code of the service; empty where it sent none.
	Code string
	// Mended says that requests work all the same: a [Sender] goes by the time of
	// the service.
	Mended bool
}

// Error says in one sentence what is wrong and how to mend it. It holds no
// secret, and nothing that the service wrote but names in a strict form.
func (e *MisconfiguredError) Error() string {
	text := e.Key + ": " + e.fix()
	if e.Code != "" {
		text += " (" + e.Code + ")"
	}
	return text
}

func (e *MisconfiguredError) fix() string {
	switch e.Key {
	case "region":
		return e.region()
	case "bucket":
		return "the service knows no such bucket; check its name and the endpoint"
	case "credentials":
		return "the service does not accept even fresh credentials of this source; check that both belong to the same account and partition, or that the store trusts the exchange"
	case "clock":
		return e.clock()
	case "identity_pool":
		return fmt.Sprintf("there is no identity pool %s, or it is in another region; check its ID", e.Got)
	case "web_identity":
		return fmt.Sprintf("the account has no OpenID Connect provider for %s; create it in IAM, with the app clients as its audiences", e.Got)
	}
	return e.endpoint()
}

func (e *MisconfiguredError) region() string {
	if e.Want == "" {
		return fmt.Sprintf("the service does not accept %q; set the region of the bucket", e.Got)
	}
	return fmt.Sprintf("expected %q, got %q; set region to %s", e.Want, e.Got, e.Want)
}

func (e *MisconfiguredError) clock() string {
	if e.Got == "" {
		return "the time of this machine and of the service differ too much; synchronize their clocks"
	}
	return "this machine is " + e.Got + " the service; synchronize their clocks"
}

func (e *MisconfiguredError) endpoint() string {
	if e.Want != "" {
		return fmt.Sprintf("the service wants to be called at %q; set the endpoint or the region accordingly", e.Want)
	}
	return "the service computes another signature; something on the way changes host or path, or service or region is not the configured one"
}
