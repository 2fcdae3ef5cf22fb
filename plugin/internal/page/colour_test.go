package page

import (
	"regexp"
	"strings"
	"testing"
)

// pairs are those of colours that meet on a page, and what WCAG 2.2 AA asks
// of each: 4.5 of text, 3 of borders and the ring of the focus.
var pairs = []struct {
	front, ground string
	least         float64
}{
	{"text", "page", 4.5}, {"text", "surface", 4.5}, {"muted", "page", 4.5}, {"muted", "surface", 4.5},
	{"accent", "page", 4.5}, {"accent", "surface", 4.5}, {"on-accent", "accent", 4.5}, {"text", "problem-ground", 4.5},
	{"problem", "problem-ground", 4.5}, {"problem", "surface", 4.5}, {"problem", "page", 4.5}, {"border", "surface", 3}, {"border", "page", 3},
}

// schemes reads the colours back from the stylesheet that browsers get.
func schemes(t *testing.T, p *Pages) map[string]map[string]string {
	t.Helper()
	found := map[string]map[string]string{}
	blocks := regexp.MustCompile(`:root\{([^}]*)\}`).FindAllStringSubmatch(string(p.style.element), -1)
	if len(blocks) != 2 {
		t.Fatalf("expected two schemes, got %d", len(blocks))
	}
	for i, scheme := range []string{"light", "dark"} {
		found[scheme] = map[string]string{}
		for _, pair := range regexp.MustCompile(`--([a-z-]+):(#[0-9a-f]{6})`).FindAllStringSubmatch(blocks[i][1], -1) {
			found[scheme][pair[1]] = pair[2]
		}
	}
	return found
}

func TestEverythingIsLegibleInBothSchemes(t *testing.T) {
	for name, accent := range map[string]Accent{
		"ours": {}, "as bright and dark as can be": {"#000000", "#ffffff"}, "green and yellow": {"#1a7f37", "#e3b341"}, "red": {"#c00000", "#ff9090"},
	} {
		p, err := New(Options{Accent: accent})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for scheme, colours := range schemes(t, p) {
			for _, pair := range pairs {
				got := contrast(mustColour(colours[pair.front]), mustColour(colours[pair.ground]))
				if got < pair.least {
					t.Errorf("%s, %s: expected %s on %s to have a contrast of %.1f, got %.2f", name, scheme, pair.front, pair.ground, pair.least, got)
				}
			}
		}
	}
}

// The figures are those of WCAG's definition for well-known pairs.
func TestContrast(t *testing.T) {
	for _, row := range []struct {
		a, b string
		want float64
	}{
		{"#000000", "#ffffff", 21}, {"#ffffff", "#ffffff", 1}, {"#777777", "#ffffff", 4.48}, {"#767676", "#ffffff", 4.54}, {"#ff0000", "#ffffff", 4.0},
	} {
		if got := contrast(mustColour(row.a), mustColour(row.b)); got < row.want-0.01 || got > row.want+0.01 {
			t.Errorf("%s on %s: expected %.2f, got %.3f", row.a, row.b, row.want, got)
		}
	}
}

func TestRefusedAccents(t *testing.T) {
	for _, row := range []struct {
		name   string
		accent Accent
		want   string
	}{
		{"yellow on white", Accent{Light: "#ffcc00"}, `"#ffcc00" of the light scheme: its contrast to the page is 1.4`},
		{"the page's own colour", Accent{Light: "#ffffff"}, "contrast to the page is 1.0"},
		{"navy on black", Accent{Dark: "#000080"}, `"#000080" of the dark scheme`},
		{"just too bright", Accent{Light: "#767676"}, "expected at least 4.5"},
		{"a name", Accent{Light: "red"}, `cannot read "red": expected a colour such as #0a66c2`},
		{"a short form", Accent{Light: "#06c"}, `cannot read "#06c"`},
		{"an end of the stylesheet", Accent{Dark: "#12345}"}, "cannot read"},
		{"a sign", Accent{Dark: "#+12345"}, "cannot read"},
		{"no hash", Accent{Dark: "00ffff0"}, "cannot read"},
	} {
		_, err := New(Options{Accent: row.accent})
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: expected %q, got %v", row.name, row.want, err)
		}
	}
}

// Who is refused a colour gets one that will do.
func TestTheProposedColourIsAccepted(t *testing.T) {
	for _, accent := range []string{"#ffcc00", "#ffffff", "#88aaff", "#00ff00", "#767676", "#f3f5f8"} {
		_, err := New(Options{Accent: Accent{Light: accent}})
		proposed := regexp.MustCompile(`: (#[0-9a-f]{6}) would do`).FindStringSubmatch(err.Error())
		if proposed == nil {
			t.Fatalf("%s: expected a proposal, got %v", accent, err)
		}
		if _, err := New(Options{Accent: Accent{Light: proposed[1]}}); err != nil {
			t.Errorf("%s: expected %s to do, got %v", accent, proposed[1], err)
		}
	}
}

// physical are the properties that do not turn with the direction of the text.
var physical = regexp.MustCompile(`(margin|padding|border)-(left|right|top|bottom)|text-align: (left|right)|float:|[ {;](left|right|top|bottom|width|height):`)

func TestTheStylesheetTurnsWithTheText(t *testing.T) {
	if found := physical.FindAllString(ownStyle, -1); found != nil {
		t.Errorf("expected logical properties, got %q", found)
	}
}

func TestNothingMoves(t *testing.T) {
	for _, word := range []string{"transition", "animation", "@keyframes", "scroll-behavior"} {
		if strings.Contains(ownStyle, word) {
			t.Errorf("expected a still page, got %s", word)
		}
	}
}

func TestTheFocusIsSeen(t *testing.T) {
	if regexp.MustCompile(`outline:\s*(none|0)`).MatchString(ownStyle) || !strings.Contains(ownStyle, ":focus-visible { outline: 3px solid") {
		t.Error("expected a ring around what has the focus")
	}
}
