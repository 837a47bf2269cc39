package kubernetes_test

import (
	"fmt"
	"strings"
	"testing"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/kubernetes"
	"drover/internal/model"
)

const (
	labelled  = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: %s}\nspec: {template: {metadata: {labels: {%s}}, spec: {containers: [{name: c, args: [%q]}]}}}\n---\n"
	selecting = "apiVersion: v1\nkind: Service\nmetadata: {name: %s}\nspec: {selector: {%s}}\n---\n"
)

// TestAServiceStandsForTheFirstWorkloadThatItSelects names workloads by services
// of other names: all labels of a selector must fit, and none selects nothing.
func TestAServiceStandsForTheFirstWorkloadThatItSelects(t *testing.T) {
	text := fmt.Sprintf(labelled, "web", "app: web", "http://front:80 http://back:80 http://blind:80 http://lost:80") +
		fmt.Sprintf(labelled, "cart-a", "app: cart, track: a", "") + fmt.Sprintf(labelled, "cart-b", "app: cart, track: b", "") +
		fmt.Sprintf(selecting, "front", "app: cart") + fmt.Sprintf(selecting, "back", "app: cart, track: b") +
		fmt.Sprintf(selecting, "blind", "") + fmt.Sprintf(selecting, "lost", "app: cart, track: c")
	depends := map[model.ApplicationID]string{}
	out := format.NewOut(func(e any) {
		a := e.(model.Application)
		names := make([]string, len(a.DependsOn))
		for i, d := range a.DependsOn {
			names[i] = string(d)
		}
		depends[a.ID] = strings.Join(names, " ")
	})
	kubernetes.Parse([]byte(text), format.Options{}, out)
	if !out.OK() || len(depends) != 3 || depends["web"] != "cart-a cart-b" {
		t.Errorf("%v, %v: want web to need cart-a and cart-b", depends, out.First)
	}
}
