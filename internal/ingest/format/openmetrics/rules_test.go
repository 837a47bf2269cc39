package openmetrics

import (
	"fmt"
	"strings"
	"testing"

	"drover/internal/ingest/format"
)

// Each rule of the specification has cases of our own; lines are separated by |
// and "# EOF" is added where a case doesn't bring it.
var accepted = map[string]string{
	"nothing":               "",
	"no end of line at EOF": "a 1|# EOF",
	"no metadata":           "a 1|b{x=\"y\"} 2",
	"empty metadata":        "# HELP a |# UNIT a |a 1",
	"metadata only":         "# TYPE a counter|# TYPE b gauge",
	"empty braces":          "# TYPE a counter|a_total{} 1",
	"specials":              "# TYPE a gauge|a{x=\"1\"} NaN|a{x=\"2\"} +Inf|a{x=\"3\"} -inf|a{x=\"4\"} Infinity|a{x=\"5\"} 1e-3|a{x=\"6\"} .5|a{x=\"7\"} 1.|a{x=\"8\"} -0",
	"escapes":               `a{x="\\\"\n\q",y="} # {"} 1`,
	"empty label":           "a{x=\"\"} 1",
	"colon in name":         "a:b 1",
	"timestamps":            "# TYPE a gauge|a 1 1|a 2 1.5|a 3 1.5|a{x=\"y\"} 1 0|b 1 -1.5|b 1 1e1",
	"timestamps far away":   "# TYPE a gauge|a{x=\"1\"} 1 000|a{x=\"2\"} 1 98765432109876543210.0987654321|a{x=\"3\"} 1 1e999|a{x=\"4\"} 1 2.5e3",
	"counter":               "# TYPE a counter|a_total 1 # {} 2|a_created 5",
	"counter of zero":       "# TYPE a counter|a_total 0",
	"unit":                  "# TYPE a_seconds gauge|# UNIT a_seconds seconds|a_seconds 1",
	"summary":               "# TYPE a summary|a_count 1|a_sum 2|a{quantile=\"0\"} NaN|a{quantile=\"1.0\"} 3|a_created 1",
	"histogram":             "# TYPE a histogram|a_bucket{le=\"1e-04\"} 0|a_bucket{le=\"1\"} 2 # {x=\"y\"} 0.5 1|a_bucket{le=\"+Inf\"} 2|a_sum 1|a_count 2|a_created 1",
	"buckets alone":         "# TYPE a histogram|a_bucket{le=\"+Inf\"} 2",
	"two histograms":        "# TYPE a histogram|a_bucket{x=\"1\",le=\"+Inf\"} 2|a_count{x=\"1\"} 2|a_sum{x=\"1\"} 1|a_bucket{le=\"+Inf\",x=\"2\"} 3",
	"negative buckets":      "# TYPE a histogram|a_bucket{le=\"-1\"} 1|a_bucket{le=\"+Inf\"} 2",
	"gauge histogram":       "# TYPE a gaugehistogram|a_bucket{le=\"-1\"} 1|a_bucket{le=\"+Inf\"} 2|a_gcount 2|a_gsum -5",
	"histogram over time":   "# TYPE a histogram|a_bucket{le=\"+Inf\"} 2 1|a_bucket{le=\"+Inf\"} 3 2",
	"info":                  "# TYPE a info|a_info{x=\"1\"} 1|a_info{x=\"2\"} 1",
	"state set":             "# TYPE a stateset|a{a=\"on\"} 1|a{a=\"off\"} 0",
	"exemplar at the limit": "# TYPE a counter|a_total 1 # {x=\"" + strings.Repeat("é", 127) + "\"} 1",
	"bytes of zero":         "# HELP a he\x00lp|a 1",
	"same label, two names": "a{x=\"1\",y=\"1\"} 1|a{x=\"1\",y=\"2\"} 1",
	"unknown":               "# TYPE a unknown|a 1",

	"exemplar at its bound":       "# TYPE a histogram|a_bucket{le=\"2\"} 1 # {} 2|a_bucket{le=\"+Inf\"} 1",
	"exemplar of a lower bucket":  "# TYPE a histogram|a_bucket{le=\"1\"} 0|a_bucket{le=\"2\"} 1 # {} 0.5|a_bucket{le=\"+Inf\"} 1",
	"exemplar in the last bucket": "# TYPE a gaugehistogram|a_bucket{le=\"+Inf\"} 1 # {} NaN",
	"exemplar of wide characters": "# TYPE a counter|a_total 1 # {ab=\"" + strings.Repeat("☃", 126) + "\"} 1",
	"exemplar and its hashes":     "# TYPE a counter|a_total{x=\" # {\"} 1 5 # {y=\"# } \"} .5 1.5e3",
	"infos at any time":           "# TYPE a info|a_info{x=\"1\"} 1 7|a_info{x=\"2\"} 1 3",
	"below a nanosecond":          "# TYPE a gauge|a{x=\"1\"} 1 0.0000000000|a{x=\"1\"} 2 0.0000000004|a{x=\"2\"} 3 0",
	"many zeros":                  "# TYPE a gauge|a 00000000000000000000000000000000012.50e-1",
	"large counter":               "# TYPE a counter|a_total 18446744073709551615",
	"endless counter":             "# TYPE a counter|a_total +Inf",
	"counter of parts":            "# TYPE a counter|# HELP a x|a_total 0.25",
	"unit of counter":             "# TYPE a_s counter|# UNIT a_s s|a_s_total 1",
	"unit of two words":           "# TYPE a_k_m gauge|# UNIT a_k_m k_m|a_k_m 1",
	"bounds as people write them": "# TYPE a histogram|a_bucket{le=\"0\"} 0|a_bucket{le=\"0.000000001\"} 0|" +
		"a_bucket{le=\"1.50e-04\"} 0|a_bucket{le=\"2\"} 0|a_bucket{le=\"3e+05\"} 0|a_bucket{le=\"+Inf\"} 0",
	"counts as decimals":      "# TYPE a histogram|a_bucket{le=\"+Inf\"} 2.0|a_count 2e0|a_sum -0.0",
	"count before buckets":    "# TYPE a histogram|a_count 1|a_sum 1|a_bucket{le=\"+Inf\"} 1",
	"help with odd escapes":   "# HELP a \\|# TYPE a gauge|a 1",
	"state set without state": "# TYPE a stateset|a{a=\"on\",x=\"1\"} 0|a{a=\"on\",x=\"2\"} 0",
	"type after help":         "# HELP a x|# UNIT a |# TYPE a summary|a{quantile=\"0.50\"} +Inf",
	"a name alone":            "_ 1|:: 2",
	"many labels":             "a{" + manyLabels(40) + "} 1",
}

var refused = map[string]string{
	"no EOF":                   "a 1|!",
	"blank line":               "a 1||b 1",
	"text after EOF":           "# EOF|a 1|!",
	"line after EOF":           "# EOF||!",
	"EOF and more":             "# EOF x|!",
	"leading space":            " a 1",
	"carriage return":          "a 1\r",
	"not UTF-8":                "a{x=\"\xff\"} 1",
	"comment":                  "# a comment",
	"no space in comment":      "#TYPE a gauge",
	"unknown keyword":          "# FOO a x",
	"help without text":        "# HELP a",
	"tab":                      "# HELP a\tx",
	"type in capitals":         "# TYPE a Gauge",
	"old type":                 "# TYPE a untyped",
	"trailing space in type":   "# TYPE a gauge ",
	"bad name in type":         "# TYPE a-b gauge",
	"unit not in name":         "# UNIT a seconds",
	"unit without underscore":  "# UNIT aseconds seconds",
	"unit of info":             "# TYPE a_u info|# UNIT a_u u",
	"unit of state set":        "# TYPE a_u stateset|# UNIT a_u u",
	"type twice":               "# TYPE a gauge|# TYPE a gauge",
	"help twice":               "# HELP a x|# HELP a y",
	"unit twice":               "# UNIT a_s s|# UNIT a_s s",
	"metadata after samples":   "# TYPE a gauge|a 1|# HELP a x",
	"metadata far after":       "a 1|b 1|# TYPE a gauge",
	"family comes twice":       "# TYPE a gauge|a 1|b 1|a{x=\"1\"} 1",
	"name of another's suffix": "# TYPE a_created gauge|# TYPE a counter",
	"suffix of another":        "# TYPE a counter|a_total 1|# TYPE a_total gauge",
	"counter without total":    "# TYPE a counter|a 1",
	"name":                     "0a 1",
	"dot in name":              "a.b 1",
	"label name":               "a{1=\"x\"} 1",
	"colon in label name":      "a{x:y=\"x\"} 1",
	"label twice":              "a{x=\"1\",x=\"2\"} 1",
	"trailing comma":           "a{x=\"1\",} 1",
	"two commas":               "a{x=\"1\",,y=\"1\"} 1",
	"no comma":                 "a{x=\"1\"y=\"1\"} 1",
	"space in braces":          "a{ x=\"1\"} 1",
	"single quotes":            "a{x='1'} 1",
	"no closing quote":         "a{x=\"1} 1",
	"no closing brace":         "a{x=\"1\" 1",
	"no space before value":    "a{x=\"1\"}1",
	"two spaces":               "a  1",
	"space after value":        "a 1 ",
	"no value":                 "a",
	"underscore in number":     "a 1_0",
	"hexadecimal":              "a 0x1",
	"two signs":                "a +-1",
	"word":                     "a infinite",
	"signed NaN":               "a +NaN",
	"timestamp NaN":            "a 1 NaN",
	"timestamp infinite":       "a 1 Inf",
	"timestamp hexadecimal":    "a 1 0x1p3",
	"timestamps fall":          "# TYPE a gauge|a 1 2|a 1 1",
	"some with timestamps":     "# TYPE a gauge|a 1|a 1 1",
	"twice without timestamps": "# TYPE a gauge|a 1|a 2",
	"half a bucket":            "# TYPE a histogram|a_bucket{le=\"+Inf\"} 0.5",
	"half a count":             "# TYPE a histogram|a_bucket{le=\"+Inf\"} 1|a_count 0.5|a_sum 1",
	"half a gauge bucket":      "# TYPE a gaugehistogram|a_bucket{le=\"+Inf\"} 0.5",
	"half a summary's count":   "# TYPE a summary|a_count 0.5",
	"endless count":            "# TYPE a summary|a_count +Inf",
	"exemplar of gauge":        "# TYPE a gauge|a 1 # {x=\"1\"} 1",
	"exemplar of sum":          "# TYPE a histogram|a_bucket{le=\"+Inf\"} 1|a_count 1|a_sum 1 # {} 1",
	"exemplar of created":      "# TYPE a counter|a_created 1 # {} 1",
	"exemplar of unknown":      "a_total 1 # {} 1",
	"exemplar too long":        "# TYPE a counter|a_total 1 # {x=\"" + strings.Repeat("y", 128) + "\"} 1",
	"exemplar without space":   "# TYPE a counter|a_total 1# {} 1",
	"exemplar without braces":  "# TYPE a counter|a_total 1 # 1",
	"exemplar without value":   "# TYPE a counter|a_total 1 # {}",
	"exemplar and more":        "# TYPE a counter|a_total 1 # {} 1 1 1",
	"negative counter":         "# TYPE a counter|a_total -1",
	"counter NaN":              "# TYPE a counter|a_total NaN",
	"negative bucket count":    "# TYPE a histogram|a_bucket{le=\"+Inf\"} -1",
	"negative summary":         "# TYPE a summary|a_sum -1",
	"negative quantile value":  "# TYPE a summary|a{quantile=\"0.5\"} -1",
	"quantile missing":         "# TYPE a summary|a 1",
	"quantile above one":       "# TYPE a summary|a{quantile=\"1.1\"} 1",
	"le missing":               "# TYPE a histogram|a_bucket 1",
	"le not a number":          "# TYPE a histogram|a_bucket{le=\"x\"} 1",
	"le infinite otherwise":    "# TYPE a histogram|a_bucket{le=\"Inf\"} 1",
	"no infinite bucket":       "# TYPE a histogram|a_bucket{le=\"1\"} 1",
	"no buckets":               "# TYPE a histogram|a_count 1|a_sum 1",
	"buckets out of order":     "# TYPE a histogram|a_bucket{le=\"2\"} 1|a_bucket{le=\"1\"} 1|a_bucket{le=\"+Inf\"} 1",
	"buckets not cumulative":   "# TYPE a histogram|a_bucket{le=\"1\"} 2|a_bucket{le=\"+Inf\"} 1",
	"bucket twice":             "# TYPE a histogram|a_bucket{le=\"1\"} 1|a_bucket{le=\"1.0\"} 1|a_bucket{le=\"+Inf\"} 1",
	"count differs":            "# TYPE a histogram|a_bucket{le=\"+Inf\"} 1|a_count 2|a_sum 1",
	"sum without count":        "# TYPE a histogram|a_bucket{le=\"+Inf\"} 1|a_sum 1",
	"count without sum":        "# TYPE a histogram|a_bucket{le=\"+Inf\"} 1|a_count 1",
	"sum of negative buckets":  "# TYPE a histogram|a_bucket{le=\"-1\"} 1|a_bucket{le=\"+Inf\"} 1|a_count 1|a_sum 1",
	"gsum negative":            "# TYPE a gaugehistogram|a_bucket{le=\"1\"} 1|a_bucket{le=\"+Inf\"} 1|a_gcount 1|a_gsum -1",
	"second histogram unsound": "# TYPE a histogram|a_bucket{x=\"1\",le=\"+Inf\"} 1|a_bucket{x=\"2\",le=\"1\"} 1",
	"histogram later unsound":  "# TYPE a histogram|a_bucket{le=\"+Inf\"} 1 1|a_bucket{le=\"1\"} 1 2",
	"metrics interleaved":      "# TYPE a gauge|a{x=\"1\"} 1|a{x=\"2\"} 1|a{x=\"1\"} 2",
	"summaries interleaved":    "# TYPE a summary|a_count{x=\"1\"} 1|a_count{x=\"2\"} 1|a_sum{x=\"1\"} 1",
	"info not one":             "# TYPE a info|a_info 0",
	"info without suffix":      "# TYPE a info|a 1",
	"state not a truth value":  "# TYPE a stateset|a{a=\"x\"} 0.5",
	"state without its label":  "# TYPE a stateset|a{b=\"x\"} 1",

	"exemplar above its bucket":    "# TYPE a histogram|a_bucket{le=\"1\"} 1 # {} 1.5|a_bucket{le=\"+Inf\"} 1",
	"exemplar NaN below":           "# TYPE a histogram|a_bucket{le=\"1\"} 1 # {} NaN|a_bucket{le=\"+Inf\"} 1",
	"exemplar of info":             "# TYPE a info|a_info 1 # {x=\"1\"} 1",
	"exemplar of state":            "# TYPE a stateset|a{a=\"x\"} 1 # {x=\"1\"} 1",
	"exemplar of a gauge's bucket": "# TYPE a_bucket gauge|a_bucket 1 # {x=\"1\"} 1",
	"exemplar of summary":          "# TYPE a summary|a_count 1 # {x=\"1\"} 1",
	"exemplar of letters joined":   "# TYPE a counter|a_total 1 # {x=\"" + strings.Repeat("é", 64) + "\"} 1",
	"exemplar of many labels":      "# TYPE a counter|a_total 1 # {x=\"" + strings.Repeat("y", 64) + "\",z=\"" + strings.Repeat("y", 63) + "\"} 1",
	"exemplar cut off":             "# TYPE a counter|a_total 1 #",
	"exemplar without name":        "# TYPE a counter|a_total 1 # {=\"1\"} 1",
	"exemplar label twice":         "# TYPE a counter|a_total 1 # {x=\"1\",x=\"2\"} 1",
	"exemplar hexadecimal":         "# TYPE a counter|a_total 1 # {} 0x1",
	"exemplar time NaN":            "# TYPE a counter|a_total 1 # {} 1 NaN",
	"exemplar time endless":        "# TYPE a counter|a_total 1 # {} 1 -Inf",
	"exemplar time hexadecimal":    "# TYPE a counter|a_total 1 # {} 1 0x1p3",
	"exemplar and a space":         "# TYPE a counter|a_total 1 # {} 1 ",
	"exemplar time and a space":    "# TYPE a counter|a_total 1 # {} 1 1 ",
	"exemplar joined to its mark":  "# TYPE a counter|a_total 1 #{} 1",
	"octal":                        "a 0o7",
	"binary":                       "a 0b1",
	"exponent without digits":      "a 1e",
	"value with a unit":            "a 1s",
	"tab after value":              "a 1\t",
	"timestamp with underscore":    "a 1 1_0",
	"timestamp of two points":      "a 1 1.2.3",
	"two timestamps":               "a 1 1 1",
	"le in capitals":               "# TYPE a histogram|a_bucket{le=\"+INF\"} 1",
	"le not there":                 "# TYPE a gaugehistogram|a_bucket 1",
	"quantile NaN":                 "# TYPE a summary|a{quantile=\"NaN\"} 1",
	"quantile below zero":          "# TYPE a summary|a{quantile=\"-0.1\"} 1",
	"summary count NaN":            "# TYPE a summary|a_count NaN",
	"sum NaN":                      "# TYPE a histogram|a_bucket{le=\"+Inf\"} 1|a_count 1|a_sum NaN",
	"bucket NaN":                   "# TYPE a gaugehistogram|a_bucket{le=\"+Inf\"} NaN",
	"gsum NaN":                     "# TYPE a gaugehistogram|a_bucket{le=\"+Inf\"} 1|a_gcount 1|a_gsum NaN",
	"gcount without gsum":          "# TYPE a gaugehistogram|a_bucket{le=\"+Inf\"} 1|a_gcount 1",
	"gsum without gcount":          "# TYPE a gaugehistogram|a_bucket{le=\"+Inf\"} 1|a_gsum 1",
	"count before buckets differs": "# TYPE a histogram|a_count 2|a_sum 1|a_bucket{le=\"+Inf\"} 1",
	"buckets of two interleaved":   "# TYPE a histogram|a_bucket{x=\"1\",le=\"1\"} 0|a_bucket{x=\"2\",le=\"+Inf\"} 0|a_bucket{x=\"1\",le=\"+Inf\"} 0",
	"states interleaved":           "# TYPE a stateset|a{a=\"x\",y=\"1\"} 1|a{a=\"x\",y=\"2\"} 1|a{a=\"z\",y=\"1\"} 0",
	"timestamps fall by parts":     "# TYPE a gauge|a 1 -1|a 1 -1.5",
	"timestamp lost":               "# TYPE a gauge|a 1 1|a 1",
	"type twice, other":            "# TYPE a info|# TYPE a counter",
	"empty help twice":             "# HELP a |# HELP a ",
	"unit with a space":            "# UNIT a_s s ",
	"metadata without name":        "# TYPE ",
	"metadata with a space first":  " # TYPE a gauge",
	"label without value":          "a{x} 1",
	"label without equals":         "a{x\"1\"} 1",
	"label of no quotes":           "a{x=} 1",
	"label after its value":        "a{x=\"1\"y} 1",
	"minus in name":                "a-b 1",
	"quoted name":                  "{\"a.b\"} 1",
	"value missing after a space":  "a ",
	"one of many labels twice":     "a{" + manyLabels(40) + ",x7=\"\"} 1",
	"info of zero with labels":     "# TYPE a info|a_info{x=\"1\"} 0",
}

// manyLabels writes labels of n names.
func manyLabels(n int) string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("x%d=\"\"", i)
	}
	return strings.Join(names, ",")
}

// textOf builds a case's text; a last "|!" keeps "# EOF" away.
func textOf(lines string) []byte {
	text := strings.ReplaceAll(lines, "|", "\n")
	if rest, bare := strings.CutSuffix(text, "\n!"); bare {
		return []byte(rest + "\n")
	}
	if strings.HasSuffix(text, "# EOF") {
		return []byte(text)
	}
	if text != "" {
		text += "\n"
	}
	return []byte(text + "# EOF\n")
}

func TestRules(t *testing.T) {
	for want, cases := range map[bool]map[string]string{true: accepted, false: refused} {
		for name, lines := range cases {
			emitted := 0
			out := format.NewOut(func(any) { emitted++ })
			Parse(textOf(lines), format.Options{}, out)
			if out.OK() != want {
				t.Errorf("%s: ok = %v (%v), want %v", name, out.OK(), out.First, want)
			}
			if !want && emitted > 0 {
				t.Errorf("%s: %d samples of a refused document were emitted", name, emitted)
			}
		}
	}
}
