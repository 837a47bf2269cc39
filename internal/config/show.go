package config

import (
	"fmt"
	"reflect"
	"strings"
)

// Shown is one key with its value as it may be shown.
type Shown struct{ Name, Value, Variable, Flag, Help string }

// Show lists every key with its value; secrets that are set show as dots.
func (c *Config) Show() []Shown {
	values := map[string]string{}
	flatten(reflect.ValueOf(*c), "", values)
	var out []Shown
	for _, k := range Keys() {
		v := values[k.Name]
		if k.Secret && v != "" {
			v = "******"
		}
		out = append(out, Shown{Name: k.Name, Value: v, Variable: k.Variable(), Flag: "--" + k.Flag, Help: k.Help})
	}
	return out
}

// flatten collects a struct's fields under their dotted names.
func flatten(v reflect.Value, prefix string, out map[string]string) {
	for i := range v.NumField() {
		name := prefix + v.Type().Field(i).Tag.Get("koanf")
		switch f := v.Field(i); {
		case f.Kind() == reflect.Struct:
			flatten(f, name+".", out)
		case f.Kind() == reflect.Slice:
			out[name] = strings.Join(f.Interface().([]string), ",")
		default:
			out[name] = fmt.Sprint(f.Interface())
		}
	}
}
