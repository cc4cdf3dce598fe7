// Package chart draws small charts as SVG: bars that stand beside a name or a time,
// and lines over time. They need no script and no style of their own: what they look
// like is said by classes of the page's style sheet, and series differ by pattern,
// dashes and marks as well as by colour. A chart repeats what a table beside it says;
// its title and description say so to those who do not see it.
package chart

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strconv"
	"strings"
)

// Series are the values of one thing, one for each label.
type Series struct {
	Name   string
	Values []float64
	// Missing marks values that there are none of; nil when all are there.
	Missing []bool
}

func (s Series) has(i int) bool { return i < len(s.Values) && (i >= len(s.Missing) || !s.Missing[i]) }

// Chart is what is drawn. At most four series can be told apart.
type Chart struct {
	ID     string // of the element; unique on the page
	Title  string
	Desc   string
	Labels []string
	Series []Series
	// Unit follows the values shown, such as %.
	Unit string
	// Top is the greatest value of the axis; 0 finds one.
	Top float64
}

// Measures of all charts, in units of the drawing.
const (
	width    = 520
	height   = 250
	left     = 40
	right    = 12
	top      = 34 // below the legend
	bottom   = 28
	row      = 26 // of a bar that lies
	names    = 182
	runesFit = 13 // of a name beside a bar
)

type drawing struct{ strings.Builder }

func (d *drawing) add(format string, args ...any) { fmt.Fprintf(&d.Builder, format, args...) }

func (d *drawing) open(c Chart, kind string, tall int) {
	id := html.EscapeString(c.ID)
	d.add(`<svg class="chart %s" id="%s" viewBox="0 0 %d %d" role="img" aria-labelledby="%s-t %s-d" xmlns="http://www.w3.org/2000/svg">`, kind, id, width, tall, id, id)
	d.add(`<title id="%s-t">%s</title><desc id="%s-d">%s</desc>`, id, html.EscapeString(c.Title), id, html.EscapeString(c.Desc))
	d.add(`<defs>`)
	// The series after the first are hatched, each in its own way.
	d.add(`<pattern id="%s-p1" width="6" height="6" patternUnits="userSpaceOnUse"><rect class="s1" width="6" height="6"/><path class="hatch" d="M0 6 6 0"/></pattern>`, id)
	d.add(`<pattern id="%s-p2" width="6" height="6" patternUnits="userSpaceOnUse"><rect class="s2" width="6" height="6"/><path class="hatch" d="M0 3H6"/></pattern>`, id)
	d.add(`<pattern id="%s-p3" width="6" height="6" patternUnits="userSpaceOnUse"><rect class="s3" width="6" height="6"/><path class="hatch" d="M3 0V6"/></pattern>`, id)
	d.add(`</defs>`)
}

func (d *drawing) done() template.HTML {
	d.add(`</svg>`)
	return template.HTML(d.String()) //nolint:gosec // every text in it is escaped
}

// fill is what a series' bars are filled with.
func fill(c Chart, series int) string {
	if series == 0 {
		return `class="s0"`
	}
	return fmt.Sprintf(`fill="url(#%s-p%d)"`, html.EscapeString(c.ID), series)
}

// legend names the series over the drawing, each beside its mark.
func (d *drawing) legend(c Chart, mark func(series int, x, y float64)) {
	x := float64(left)
	for i, s := range c.Series {
		mark(i, x, 12)
		d.add(`<text class="legend" x="%s" y="16">%s</text>`, at(x+20), html.EscapeString(s.Name))
		x += 34 + wide(s.Name)
	}
}

// wide guesses how wide a text is.
func wide(text string) float64 {
	w := 0.
	for _, r := range text {
		if r < 0x2e80 {
			w += 7
		} else {
			w += 13
		}
	}
	return w
}

func at(v float64) string { return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64) }

// Number writes a value as the charts do: without decimals that say nothing.
func Number(v float64) string { return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64) }

// scale returns a round number not below the greatest value, and the steps to it.
func scale(greatest float64) (limit, step float64) {
	if greatest <= 0 || math.IsNaN(greatest) || math.IsInf(greatest, 0) {
		return 4, 1
	}
	raw := greatest / 4
	power := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 2.5, 5, 10} {
		if step = m * power; step >= raw {
			break
		}
	}
	if step < 1 {
		step = 1
	}
	return step * math.Ceil(greatest/step), step
}

func (c Chart) greatest(stacked bool) float64 {
	most := 0.
	for i := range c.Labels {
		sum := 0.
		for _, s := range c.Series {
			if !s.has(i) {
				continue
			}
			if sum += s.Values[i]; !stacked {
				most = math.Max(most, s.Values[i])
			}
		}
		if stacked {
			most = math.Max(most, sum)
		}
	}
	return most
}

// axes draws the scale of a chart over time and its labels, and returns where a value
// stands.
func (d *drawing) axes(c Chart, greatest float64) (y func(float64) float64, x func(int) float64) {
	limit, step := scale(greatest)
	if c.Top > 0 {
		limit, step = c.Top, c.Top/4
	}
	y = func(v float64) float64 { return float64(height-bottom) - v/limit*float64(height-bottom-top) }
	slot := float64(width-left-right) / float64(max(len(c.Labels), 1))
	x = func(i int) float64 { return left + slot*(float64(i)+.5) }
	for v := 0.; v <= limit+step/2; v += step {
		d.add(`<path class="grid" d="M%d %sH%d"/><text class="tick end" x="%d" y="%s">%s%s</text>`, left, at(y(v)), width-right, left-5, at(y(v)+4), Number(v), html.EscapeString(c.Unit))
	}
	every := 1
	for i, l := range c.Labels {
		if i == 0 {
			for wide(l)+4 > slot*float64(every) {
				every++
			}
		}
		if (len(c.Labels)-1-i)%every == 0 {
			d.add(`<text class="tick middle" x="%s" y="%d">%s</text>`, at(x(i)), height-bottom+16, html.EscapeString(l))
		}
	}
	return y, x
}

// Columns draws bars that stand, one for each label, the series on top of each other.
func Columns(c Chart) template.HTML {
	var d drawing
	d.open(c, "columns", height)
	y, x := d.axes(c, c.greatest(true))
	slot := float64(width-left-right) / float64(max(len(c.Labels), 1))
	thick := math.Min(slot*.62, 34)
	for i, label := range c.Labels {
		sum := 0.
		for n, s := range c.Series {
			if !s.has(i) || s.Values[i] <= 0 {
				continue
			}
			d.add(`<rect %s x="%s" y="%s" width="%s" height="%s"><title>%s · %s %s%s</title></rect>`, fill(c, n), at(x(i)-thick/2), at(y(sum+s.Values[i])), at(thick),
				at(y(sum)-y(sum+s.Values[i])), html.EscapeString(label), html.EscapeString(s.Name), Number(s.Values[i]), html.EscapeString(c.Unit))
			sum += s.Values[i]
		}
		if sum > 0 {
			d.add(`<text class="value middle" x="%s" y="%s">%s%s</text>`, at(x(i)), at(y(sum)-4), Number(sum), html.EscapeString(c.Unit))
		}
	}
	d.legend(c, func(n int, x, y float64) {
		d.add(`<rect %s x="%s" y="%s" width="14" height="10"/>`, fill(c, n), at(x), at(y-5))
	})
	return d.done()
}

// Lines draws one line for each series, over the labels.
func Lines(c Chart) template.HTML {
	var d drawing
	d.open(c, "lines", height)
	y, x := d.axes(c, c.greatest(false))
	for n, s := range c.Series {
		path, pen := "", "M"
		for i := range c.Labels {
			if !s.has(i) {
				pen = "M"
				continue
			}
			path += pen + at(x(i)) + " " + at(y(s.Values[i]))
			pen = "L"
		}
		d.add(`<path class="line l%d" d="%s"/>`, n, path)
		for i, label := range c.Labels {
			if !s.has(i) {
				continue
			}
			d.add(`<g>`)
			d.mark(n, x(i), y(s.Values[i]))
			d.add(`<title>%s · %s %s%s</title></g>`, html.EscapeString(label), html.EscapeString(s.Name), Number(s.Values[i]), html.EscapeString(c.Unit))
		}
	}
	d.legend(c, func(n int, x, y float64) {
		d.add(`<path class="line l%d" d="M%s %sh16"/>`, n, at(x), at(y))
		d.mark(n, x+8, y)
	})
	return d.done()
}

// mark draws the sign of a series: a dot, a square, a triangle, a diamond.
func (d *drawing) mark(series int, x, y float64) {
	switch series {
	case 0:
		d.add(`<circle class="m0" cx="%s" cy="%s" r="3.4"/>`, at(x), at(y))
	case 1:
		d.add(`<rect class="m1" x="%s" y="%s" width="6.6" height="6.6"/>`, at(x-3.3), at(y-3.3))
	case 2:
		d.add(`<path class="m2" d="M%s %sl4 7h-8z"/>`, at(x), at(y-4))
	default:
		d.add(`<path class="m3" d="M%s %sl4 4-4 4-4-4z"/>`, at(x), at(y-4))
	}
}

// Bars draws bars that lie beside their names, one under the other, the series in a
// row.
func Bars(c Chart) template.HTML {
	var d drawing
	tall := top + row*len(c.Labels) + 6
	d.open(c, "bars", tall)
	limit, _ := scale(c.greatest(true))
	const room = 46 // for the value behind a bar
	long := func(v float64) float64 { return v / limit * float64(width-names-right-room) }
	for i, label := range c.Labels {
		y := float64(top + row*i)
		d.add(`<g><title>%s</title><text class="name end" x="%d" y="%s">%s</text></g>`, html.EscapeString(label), names-8, at(y+14), html.EscapeString(short(label)))
		sum := 0.
		for n, s := range c.Series {
			if !s.has(i) || s.Values[i] <= 0 {
				continue
			}
			d.add(`<rect %s x="%s" y="%s" width="%s" height="%d"><title>%s · %s %s%s</title></rect>`, fill(c, n), at(names+long(sum)), at(y+1), at(long(s.Values[i])), row-9,
				html.EscapeString(label), html.EscapeString(s.Name), Number(s.Values[i]), html.EscapeString(c.Unit))
			sum += s.Values[i]
		}
		d.add(`<text class="value" x="%s" y="%s">%s%s</text>`, at(names+long(sum)+5), at(y+14), Number(sum), html.EscapeString(c.Unit))
	}
	d.add(`<path class="axis" d="M%d %dV%d"/>`, names, top-4, tall-6)
	d.legend(c, func(n int, x, y float64) {
		d.add(`<rect %s x="%s" y="%s" width="14" height="10"/>`, fill(c, n), at(x), at(y-5))
	})
	return d.done()
}

// short cuts a name that would not fit.
func short(name string) string {
	if wide(name) <= runesFit*13 {
		return name
	}
	w := 0.
	for i, r := range name {
		if w += wide(string(r)); w > (runesFit-1)*13 {
			return name[:i] + "…"
		}
	}
	return name
}
