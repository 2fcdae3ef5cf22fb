package page

import (
	"fmt"
	"strings"
	"testing"

	"github.com/skip2/go-qrcode"
)

// paint fills the modules of a path.
func paint(t *testing.T, size int, path string) [][]bool {
	t.Helper()
	rows := make([][]bool, size)
	for y := range rows {
		rows[y] = make([]bool, size)
	}
	for part := range strings.SplitSeq(strings.TrimSuffix(path, "z"), "z") {
		var x, y, width, back int
		if n, err := fmt.Sscanf(part, "M%d %dh%dv1h-%d", &x, &y, &width, &back); n != 4 || err != nil || width != back {
			t.Fatalf("expected a rectangle, got %q", part)
		}
		for i := range width {
			rows[y][x+i] = true
		}
	}
	return rows
}

// Whether apps can read it, the interop test tells.
func TestThePathIsTheQRCode(t *testing.T) {
	const text = "otpauth://totp/Example:jo?secret=JBSWY3DPEHPK3PXP&issuer=Example"
	size, path := drawQR(text)
	code, err := qrcode.New(text, qrcode.Medium)
	if err != nil {
		t.Fatal(err)
	}
	painted := paint(t, size, path)
	for y, row := range code.Bitmap() {
		for x, dark := range row {
			if painted[y][x] != dark {
				t.Fatalf("expected the module %d, %d to be dark: %t", x, y, dark)
			}
		}
	}
	for i := range size {
		for _, edge := range []int{0, 1, 2, 3, size - 1, size - 2, size - 3, size - 4} {
			if painted[edge][i] || painted[i][edge] {
				t.Fatal("expected four light modules around the code, without which some apps do not find it")
			}
		}
	}
}

func TestATextThatIsTooLongHasNoQRCode(t *testing.T) {
	if size, path := drawQR(strings.Repeat("x", 10000)); size != 0 || path != "" {
		t.Error("expected none")
	}
}
