package page

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Accent is the colour of buttons and links, each as #rrggbb. A colour must be
// legible as text on the page, which [New] checks.
type Accent struct {
	// Light and Dark are for the two colour schemes, between which the browser
	// chooses.
	Light, Dark string
}

// minContrast is what WCAG 2.2 AA asks of text.
const minContrast = 4.5

// palette is one colour scheme. Every text is legible on every ground that it is
// put on; a test computes it.
type palette struct {
	page, surface, text, muted, border, line, accent, onAccent, problem, problemGround string
}

var (
	light = palette{
		page: "#f3f5f8", surface: "#ffffff", text: "#0f141a", muted: "#4a525e", border: "#76808f", line: "#d5dae2",
		problem: "#b3141f", problemGround: "#fdf1f1",
	}
	dark = palette{
		page: "#0d1117", surface: "#171d26", text: "#eef1f5", muted: "#b3bac6", border: "#838d9c", line: "#333c49",
		problem: "#ff8a8a", problemGround: "#2c1719",
	}
)

func (a Accent) withDefaults() Accent {
	if a.Light == "" {
		a.Light = "#0a66c2"
	}
	if a.Dark == "" {
		a.Dark = "#61a9ef"
	}
	return a
}

func (a Accent) check() error {
	return errors.Join(light.judge("light", a.Light), dark.judge("dark", a.Dark))
}

// judge finds what is wrong with an accent colour, and the nearest one that is
// not.
func (p palette) judge(scheme, accent string) error {
	c, err := parseColour(accent)
	if err != nil {
		return fmt.Errorf("accent colour of the %s scheme: %w", scheme, err)
	}
	got := p.legibility(c)
	if got >= minContrast {
		return nil
	}
	better := c
	for p.legibility(better) < minContrast {
		better = better.towards(p.text)
	}
	return fmt.Errorf("accent colour %q of the %s scheme: its contrast to the page is %.1f, expected at least %.1f: %s would do",
		accent, scheme, got, minContrast, better)
}

// legibility is the contrast to the less favourable of the two grounds.
func (p palette) legibility(c colour) float64 {
	return min(contrast(c, mustColour(p.page)), contrast(c, mustColour(p.surface)))
}

// with is the palette with an accent, and whichever of black and white is legible
// on it. One of them always is: nothing has less than 4.58 to both.
func (p palette) with(accent string) palette {
	p.accent, p.onAccent = accent, "#ffffff"
	c := mustColour(accent)
	if contrast(c, mustColour("#ffffff")) < contrast(c, mustColour("#000000")) {
		p.onAccent = "#000000"
	}
	return p
}

// variables are the palette as CSS.
func (p palette) variables() string {
	return fmt.Sprintf("--page:%s;--surface:%s;--text:%s;--muted:%s;--border:%s;--line:%s;--accent:%s;--on-accent:%s;--problem:%s;--problem-ground:%s",
		p.page, p.surface, p.text, p.muted, p.border, p.line, p.accent, p.onAccent, p.problem, p.problemGround)
}

// colour is red, green and blue from 0 to 255.
type colour [3]float64

func parseColour(s string) (colour, error) {
	var c colour
	n, err := strconv.ParseUint(strings.TrimPrefix(s, "#"), 16, 24)
	if err != nil || len(s) != 7 || s[0] != '#' {
		return c, fmt.Errorf("cannot read %q: expected a colour such as #0a66c2", s)
	}
	return colour{float64(n >> 16), float64(n >> 8 & 255), float64(n & 255)}, nil
}

// mustColour is for colours that were checked.
func mustColour(s string) colour {
	c, err := parseColour(s)
	if err != nil {
		panic(err)
	}
	return c
}

// towards is a step of a twentieth towards another colour, which it reaches.
func (c colour) towards(other string) colour {
	aim := mustColour(other)
	for i := range c {
		c[i] += math.Copysign(min(math.Abs(aim[i]-c[i]), math.Max(1, math.Ceil(math.Abs(aim[i]-c[i])/20))), aim[i]-c[i])
	}
	return c
}

// String is the colour as #rrggbb.
func (c colour) String() string {
	return fmt.Sprintf("#%02x%02x%02x", int(c[0]), int(c[1]), int(c[2]))
}

// luminance is relative luminance as WCAG defines it.
func (c colour) luminance() float64 {
	var linear colour
	for i, channel := range c {
		if channel /= 255; channel <= 0.04045 {
			linear[i] = channel / 12.92
		} else {
			linear[i] = math.Pow((channel+0.055)/1.055, 2.4)
		}
	}
	return 0.2126*linear[0] + 0.7152*linear[1] + 0.0722*linear[2]
}

// contrast is the contrast ratio as WCAG defines it, from 1 to 21.
func contrast(a, b colour) float64 {
	bright, dim := max(a.luminance(), b.luminance()), min(a.luminance(), b.luminance())
	return (bright + 0.05) / (dim + 0.05)
}
