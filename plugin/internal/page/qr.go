package page

import (
	"strconv"
	"strings"

	"github.com/skip2/go-qrcode"
)

// drawQR draws a text as an SVG path of dark modules, within a square of the size
// that is returned, quiet zone included. It is empty for a text that is too long:
// the page has the key as text in any case.
func drawQR(text string) (size int, path string) {
	code, err := qrcode.New(text, qrcode.Medium)
	if err != nil {
		return 0, ""
	}
	var b strings.Builder
	rows := code.Bitmap()
	for y, row := range rows {
		for x := 0; x < len(row); {
			width := run(row[x:])
			if width > 0 {
				b.WriteString("M" + strconv.Itoa(x) + " " + strconv.Itoa(y) + "h" + strconv.Itoa(width) + "v1h-" + strconv.Itoa(width) + "z")
			}
			x += max(width, 1)
		}
	}
	return len(rows), b.String()
}

// run is how many dark modules a row begins with.
func run(row []bool) int {
	for i, dark := range row {
		if !dark {
			return i
		}
	}
	return len(row)
}
