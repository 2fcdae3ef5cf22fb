package page

import (
	"errors"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
)

// Problem is why a page is shown again. The zero value is none.
type Problem struct {
	// Reason is a word of [signin.Reason]; one that is not known is "other".
	Reason string
	// Detail is the detail of the reason.
	Detail string
	// Text is a sentence of the user pool, shown as it is.
	Text string
}

// ProblemOf is the problem that an error of package signin is.
func ProblemOf(err error) Problem {
	if err == nil {
		return Problem{}
	}
	problem := Problem{Reason: signin.Reason(err)}
	if refusal, ok := errors.AsType[*signin.Error](err); ok {
		problem.Detail, problem.Text = refusal.Detail, refusal.Text
	}
	return problem
}

// blamed are the inputs at fault, in which the first on the page has to be looked
// at.
var blamed = map[string][]signin.Field{
	"bad_credentials": {signin.FieldUsername, signin.FieldPassword},
	"wrong_code":      {signin.FieldCode},
	"code_expired":    {signin.FieldCode},
	"password_policy": {signin.FieldNewPassword, signin.FieldPassword},
}

// merged are the reasons that come to the same for a user.
var merged = map[string]string{
	"refresh_token_rejected": "session_ended", "refresh_token_reused": "session_ended",
	"throttled": "unavailable", "answer": "unavailable", "canceled": "other",
}

// summarize shows the problem on top of the page and at the inputs.
func (c *composer) summarize() {
	problem := c.view.Problem
	if problem.Reason == "" || problem.Reason == "ok" {
		return
	}
	summary := &Summary{Message: c.text[c.problemKey(problem)], Says: problem.Text}
	c.page.Problem = summary
	c.page.Title = c.say("title.problem", "title", c.page.Title)
	c.blame(problem, summary)
}

// problemKey is the most exact text that there is.
func (c *composer) problemKey(problem Problem) string {
	reason := problem.Reason
	if instead, ok := merged[reason]; ok {
		reason = instead
	}
	if reason == "bad_credentials" && c.view.Kind != SignIn {
		return "problem.bad_credentials.other"
	}
	for _, key := range []string{"problem." + reason + "." + problem.Detail, "problem." + reason} {
		if c.text[key] != "" {
			return key
		}
	}
	return "problem.other"
}

// blame marks the inputs at fault and links the first from the summary.
func (c *composer) blame(problem Problem, summary *Summary) {
	fields := blamed[problem.Reason]
	if problem.Reason == "input" {
		fields = []signin.Field{signin.Field(problem.Detail)}
	}
	if c.page.Form == nil {
		return
	}
	for _, input := range c.page.Form.Inputs {
		if !input.is(fields) {
			continue
		}
		if summary.Target == "" {
			summary.Target, input.Error = input.focus(), summary.Message
		}
		input.Invalid, input.ErrorID = true, summary.Target+"-error"
	}
}

// is reports whether the input is one of the fields. Of attributes, those that
// are still empty are to blame.
func (i *Input) is(fields []signin.Field) bool {
	for _, field := range fields {
		if i.Name == string(field) && i.Type != "readonly" || field == signin.FieldAttributes && i.attribute && i.Value == "" {
			return true
		}
	}
	return false
}

// focus is the ID of what can be typed into: of radio buttons the first.
func (i *Input) focus() string {
	if len(i.Options) > 0 {
		return i.Options[0].ID
	}
	return i.ID
}
