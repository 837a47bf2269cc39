package kubernetes

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"

	"drover/internal/kubernetes"
	"drover/internal/model"
)

// defaultQuantilePPM is of which requests a response target holds that names no
// quantile.
const defaultQuantilePPM = 990_000

// policies reads the annotations that people set on a workload. One that can't
// be read is told to bad and counts as not set.
func policies(a *model.Application, annotations map[string]string, bad func(name, value string, err error)) {
	read := func(name string, set func(string) error) {
		value, ok := annotations[name]
		if !ok {
			return
		}
		if err := set(strings.TrimSpace(value)); err != nil {
			bad(name, value, err)
		}
	}
	read(kubernetes.ResponseTarget, func(v string) (err error) {
		a.SLO.ResponseQuantilePPM, a.SLO.ResponseMicros, err = responseTarget(v)
		return err
	})
	read(kubernetes.AvailabilityTarget, func(v string) (err error) { a.SLO.AvailabilityPPM, err = percent(v); return err })
	read(kubernetes.HeadroomTarget, func(v string) (err error) { a.SLO.HeadroomPPM, err = percent(v); return err })
	read(kubernetes.MovesPerHour, func(v string) error {
		n, err := count(v)
		a.MaxMovesPerHour = int(n)
		return err
	})
	read(kubernetes.MoveCost, func(v string) (err error) { a.MoveCost, err = count(v); return err })
	read(kubernetes.DataSize, func(v string) error {
		q, err := resource.ParseQuantity(v)
		if err != nil || q.Sign() < 0 {
			return errors.New(`want an amount such as "20Gi"`)
		}
		a.DataBytes = q.Value()
		return nil
	})
	read(kubernetes.DriverName, func(v string) error {
		if v == "" {
			return errors.New("want the name of a driver")
		}
		a.Driver = v
		return nil
	})
	read(kubernetes.DependsOn, func(v string) error {
		for _, name := range strings.FieldsFunc(v, func(r rune) bool { return r == ',' || r == ' ' }) {
			a.DependsOn = append(a.DependsOn, model.ApplicationID(name))
		}
		return nil
	})
}

// responseTarget reads "p99=250ms" or "250ms".
func responseTarget(v string) (quantilePPM, micros int64, err error) {
	quantilePPM = defaultQuantilePPM
	if q, rest, ok := strings.Cut(v, "="); ok {
		p, err := percent(strings.TrimPrefix(strings.TrimSpace(q), "p"))
		if err != nil || !strings.HasPrefix(strings.TrimSpace(q), "p") || p <= 0 || p >= 1_000_000 {
			return 0, 0, errors.New(`want "p99=250ms"`)
		}
		quantilePPM, v = p, strings.TrimSpace(rest)
	}
	d, err := time.ParseDuration(v)
	if err != nil || d <= 0 {
		return 0, 0, errors.New(`want a time such as "p99=250ms" or "250ms"`)
	}
	return quantilePPM, d.Microseconds(), nil
}

// percent reads a percentage in 0..100 as parts per million.
func percent(v string) (int64, error) {
	f, err := strconv.ParseFloat(strings.TrimSuffix(v, "%"), 64)
	if err != nil || !(f >= 0 && f <= 100) {
		return 0, errors.New("want a percentage from 0 to 100")
	}
	return int64(math.Round(f * 10_000)), nil
}

func count(v string) (int64, error) {
	n, err := strconv.ParseInt(v, 10, 32)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("want a whole number from 0")
	}
	return n, nil
}
