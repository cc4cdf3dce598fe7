package chart

import (
	"encoding/xml"
	"errors"
	"html/template"
	"io"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

const hostile = `<script>alert(1)</script>"'&`

var draw = map[string]func(Chart) template.HTML{"columns": Columns, "lines": Lines, "bars": Bars}

// texts parses a drawing and returns what it says; nothing in it may be script, style
// or lead elsewhere.
func texts(t require.TestingT, drawn template.HTML) string {
	var said strings.Builder
	d := xml.NewDecoder(strings.NewReader(string(drawn)))
	ids := map[string]bool{}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return said.String()
		}
		require.NoError(t, err)
		switch v := token.(type) {
		case xml.CharData:
			said.Write(v)
			said.WriteByte('\n')
		case xml.StartElement:
			require.NotContains(t, []string{"script", "style", "a", "image", "use", "foreignObject"}, v.Name.Local)
			for _, a := range v.Attr {
				require.NotEqual(t, "style", a.Name.Local)
				require.NotContains(t, a.Name.Local, "href")
				require.False(t, strings.HasPrefix(a.Name.Local, "on"))
				require.NotContains(t, a.Value, "NaN")
				require.NotContains(t, a.Value, "Inf")
				if a.Name.Local == "id" {
					require.False(t, ids[a.Value], "twice: %s", a.Value)
					ids[a.Value] = true
				}
				if a.Name.Local == "height" || a.Name.Local == "width" {
					n, err := strconv.ParseFloat(a.Value, 64)
					require.NoError(t, err)
					require.GreaterOrEqual(t, n, 0.)
				}
			}
		}
	}
}

func TestChartsSayWhatTheyShow(t *testing.T) {
	c := Chart{ID: "c", Title: "标题" + hostile, Desc: "说明" + hostile, Labels: []string{"甲" + hostile, "乙", "丙"}, Unit: "%" + hostile,
		Series: []Series{{Name: "按时" + hostile, Values: []float64{3, 0, 12.34}}, {Name: "超期", Values: []float64{1, 2, 0}, Missing: []bool{false, false, true}}}}
	for name, draw := range draw {
		said := texts(t, draw(c))
		for _, text := range []string{c.Title, c.Desc, c.Series[0].Name, "超期", "12.3"} {
			assert.Contains(t, said, text, name)
		}
	}
	assert.Contains(t, string(Columns(c)), `fill="url(#c-p1)"`, "the second series is hatched")
	assert.Contains(t, string(Lines(c)), `class="line l1"`)
	assert.NotContains(t, string(Lines(c)), "丙 · 超期", "a value that there is none of is not drawn")
}

// Whatever the numbers are, the drawing is well-formed and stays in its frame.
func TestChartsOfAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 30).Draw(t, "labels")
		c := Chart{ID: "c", Labels: rapid.SliceOfN(rapid.String(), n, n).Draw(t, "names")}
		for i := range c.Labels {
			c.Labels[i] = strings.Map(func(r rune) rune {
				if r < ' ' || r == 0xfffe || r == 0xffff {
					return '?'
				}
				return r
			}, c.Labels[i])
		}
		for range rapid.IntRange(0, 4).Draw(t, "series") {
			c.Series = append(c.Series, Series{Name: "s", Values: rapid.SliceOfN(rapid.Float64Range(0, 1e9), n, n).Draw(t, "values")})
		}
		for _, draw := range draw {
			texts(t, draw(c))
		}
	})
}

func TestScale(t *testing.T) {
	for greatest, want := range map[float64]float64{0: 4, 1: 1, 3: 3, 7: 8, 100: 100, 101: 150, 1234: 1500, math.NaN(): 4} {
		limit, step := scale(greatest)
		assert.InDelta(t, want, limit, 1e-9, "%v", greatest)
		assert.GreaterOrEqual(t, step, 1.)
	}
	for _, greatest := range []float64{1, 9, 11, 99, 1001, 123456} {
		limit, step := scale(greatest)
		assert.GreaterOrEqual(t, limit, greatest)
		assert.LessOrEqual(t, limit/step, 5.)
	}
}

func TestLongNamesAreCut(t *testing.T) {
	assert.Equal(t, "朔州市民政局", short("朔州市民政局"))
	assert.Equal(t, "朔州市规划和自然资源管理…", short("朔州市规划和自然资源管理局机关服务中心"))
	assert.Contains(t, string(Bars(Chart{ID: "c", Labels: []string{"朔州市规划和自然资源管理局机关服务中心"}})), "管理局机关服务中心", "the whole name stands in its title")
}
