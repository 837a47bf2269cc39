package jsonscan_test

import (
	"encoding/json"
	"testing"

	"drover/internal/ingest/format/jsonscan"
)

func TestFaultsAreToldWithoutGoTypes(t *testing.T) {
	type inner struct {
		List []int  `json:"list"`
		On   *bool  `json:"on"`
		Text string `json:"text"`
	}
	for text, want := range map[string]string{
		`{"a":{"list":"x"}}`:      "a.list: found a text, want a list",
		`{"a":{"list":[1,"x"]}}`:  "a.list: found a text, want a whole number",
		`{"a":{"list":[1.5]}}`:    "a.list: found number 1.5, want a whole number",
		`{"a":{"on":1}}`:          "a.on: found number, want true or false",
		`{"a":{"text":true}}`:     "a.text: found true or false, want a text",
		`{"a":[1]}`:               "a: found a list, want an object",
		`{"n":{}}`:                "n: found an object, want a number",
		`{"f":"1"}`:               "f: found a text, want a number",
		`{"m":5}`:                 "m: found number, want an object",
		`{"a":{"text":"x"},"f":}`: "invalid character '}' looking for beginning of value",
	} {
		var v struct {
			A inner          `json:"a"`
			N json.Number    `json:"n"`
			F float64        `json:"f"`
			M map[string]int `json:"m"`
		}
		if err := jsonscan.Unmarshal([]byte(text), &v); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}
