package page

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"strings"
)

//go:embed templates/style.css
var ownStyle string

//go:embed templates/passkey.js
var passkeyScript string

// inline is an element whose content a policy allows by its hash.
type inline struct {
	element template.HTML
	source  string
}

// newInline must get content that cannot end the element.
func newInline(element, content string) inline {
	sum := sha256.Sum256([]byte(content))
	return inline{
		element: template.HTML("<" + element + ">" + content + "</" + element + ">"),
		source:  "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'",
	}
}

// newStyle is the colours, our rules and those of the overrides.
func newStyle(opts Options) (inline, error) {
	added, err := addedStyle(opts.Overrides)
	if err != nil {
		return inline{}, err
	}
	colours := fmt.Sprintf(":root{color-scheme:light dark;%s}\n@media (prefers-color-scheme:dark){:root{%s}}\n",
		light.with(opts.Accent.Light).variables(), dark.with(opts.Accent.Dark).variables())
	return newInline("style", colours+ownStyle+added), nil
}

// styleFile is the stylesheet of the overrides.
const styleFile = "style.css"

func addedStyle(overrides fs.FS) (string, error) {
	if overrides == nil {
		return "", nil
	}
	data, err := fs.ReadFile(overrides, styleFile)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return string(data), errors.Join(forbiddenInStyle(string(data))...)
}

// inStyle is what the policy would silently not load, or what would end the
// element.
var inStyle = []struct{ text, fix string }{
	{"</", "remove it: a stylesheet has no elements"},
	{"<!--", "write comments as /* … */"},
	{"@import", "copy the rules into style.css: the page's policy loads no other stylesheet"},
	{"url(", "remove it: the page's policy loads no images or fonts from stylesheets"},
}

func forbiddenInStyle(css string) []error {
	var faults []error
	for n, line := range strings.Split(css, "\n") {
		for _, forbidden := range inStyle {
			if strings.Contains(strings.ToLower(line), forbidden.text) {
				faults = append(faults, &TemplateError{Template: styleFile, Line: n + 1, Problem: forbidden.text + " is not possible here", Fix: forbidden.fix})
			}
		}
	}
	return faults
}
