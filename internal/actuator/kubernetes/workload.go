package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"drover/internal/actuator"
	"drover/internal/kubernetes"
	"drover/internal/model"
)

// workload is what an application is in the cluster: one of the two.
type workload struct {
	deployment *appsv1.Deployment
	set        *appsv1.StatefulSet
}

func (w *workload) meta() *metav1.ObjectMeta {
	if w.set != nil {
		return &w.set.ObjectMeta
	}
	return &w.deployment.ObjectMeta
}

func (w *workload) ref() string {
	if w.set != nil {
		return kubernetes.Ref("StatefulSet", w.meta())
	}
	return kubernetes.Ref("Deployment", w.meta())
}

func (w *workload) selector() *metav1.LabelSelector {
	if w.set != nil {
		return w.set.Spec.Selector
	}
	return w.deployment.Spec.Selector
}

func (w *workload) commands() ledger { return readLedger(w.meta().Annotations) }

// find returns the workload that an application is.
func (d *Driver) find(ctx context.Context, app model.ApplicationID) (*workload, error) {
	if namespace, name, ok := kubernetes.Named(app); ok {
		w := &workload{}
		err := d.read(ctx, w, namespace, name)
		if err == nil || !apierrors.IsNotFound(err) {
			return w, err
		}
	}
	return d.search(ctx, app)
}

// read reads the workload of a name; a Deployment goes before a StatefulSet.
func (d *Driver) read(ctx context.Context, w *workload, namespace, name string) error {
	return d.patiently(ctx, func() error {
		var err error
		if w.set == nil {
			w.deployment, err = d.Client.AppsV1().Deployments(namespace).Get(ctx, name, metav1.GetOptions{})
		}
		if w.set != nil || w.deployment == nil || apierrors.IsNotFound(err) {
			w.set, err = d.Client.AppsV1().StatefulSets(namespace).Get(ctx, name, metav1.GetOptions{})
			if err != nil {
				w.set = nil
			}
		}
		return err
	})
}

// search looks for the workload that an annotation names so.
func (d *Driver) search(ctx context.Context, app model.ApplicationID) (*workload, error) {
	namespaces := d.Namespaces
	if len(namespaces) == 0 {
		namespaces = []string{metav1.NamespaceAll}
	}
	var found *workload
	err := d.patiently(ctx, func() error {
		for _, namespace := range namespaces {
			deployments, err := d.Client.AppsV1().Deployments(namespace).List(ctx, metav1.ListOptions{})
			if err != nil {
				return err
			}
			for i := range deployments.Items {
				o := &deployments.Items[i]
				if kubernetes.ApplicationOf(&o.ObjectMeta, o.Spec.Template.Annotations) == app {
					found = &workload{deployment: o}
				}
			}
			sets, err := d.Client.AppsV1().StatefulSets(namespace).List(ctx, metav1.ListOptions{})
			if err != nil {
				return err
			}
			for i := range sets.Items {
				o := &sets.Items[i]
				if kubernetes.ApplicationOf(&o.ObjectMeta, o.Spec.Template.Annotations) == app {
					found = &workload{set: o}
				}
			}
		}
		return nil
	})
	if err == nil && found == nil {
		err = d.missing(ctx, app)
	}
	return found, err
}

// missing says why an application can't be moved that no workload is.
func (d *Driver) missing(ctx context.Context, app model.ApplicationID) error {
	if namespace, name, ok := kubernetes.Named(app); ok {
		if p, err := d.Client.CoreV1().Pods(namespace).Get(ctx, name, metav1.GetOptions{}); err == nil {
			return fmt.Errorf("application %q is pod %s/%s, which %s: it can't be moved, since nothing would start it again; put it into a Deployment",
				app, namespace, name, ownerOf(p))
		}
	}
	return fmt.Errorf("application %q: no Deployment or StatefulSet is called so or has it as annotation %s", app, kubernetes.Application)
}

func ownerOf(p *corev1.Pod) string {
	if owner := metav1.GetControllerOf(p); owner != nil {
		return "belongs to " + owner.Kind + " " + owner.Name
	}
	return "has no controller"
}

// mover returns what moves the command's replica.
func (d *Driver) mover(w *workload, c *actuator.Command) (mover, error) {
	m := move{Driver: d, w: w, c: c, digest: digest(c)}
	if w.set == nil {
		return &surge{m}, nil
	}
	if w.set.Spec.UpdateStrategy.Type != appsv1.OnDeleteStatefulSetStrategyType {
		return nil, fmt.Errorf("%s: its update strategy is %s, so that steering one pod would restart the others: set spec.updateStrategy.type to OnDelete",
			w.ref(), w.set.Spec.UpdateStrategy.Type)
	}
	return &stateful{m}, nil
}

// annotate changes the workload's annotations, as change says of what is read,
// if nothing has been written in between; w is what is written then.
func (d *Driver) annotate(ctx context.Context, w *workload, change func() (map[string]any, error)) error {
	fresh := true
	return d.patiently(ctx, func() error {
		if !fresh {
			if err := d.read(ctx, w, w.meta().Namespace, w.meta().Name); err != nil {
				return err
			}
		}
		fresh = false
		annotations, err := change()
		if err != nil || annotations == nil {
			return err
		}
		patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
			"resourceVersion": w.meta().ResourceVersion, "annotations": annotations}})
		if err != nil {
			return err
		}
		return d.patchWorkload(ctx, w, patch)
	})
}

func (d *Driver) patchWorkload(ctx context.Context, w *workload, patch []byte) error {
	options := metav1.PatchOptions{FieldManager: kubernetes.FieldManager}
	if w.set != nil {
		o, err := d.Client.AppsV1().StatefulSets(w.set.Namespace).Patch(ctx, w.set.Name, types.MergePatchType, patch, options)
		if err == nil {
			w.set = o
		}
		return err
	}
	o, err := d.Client.AppsV1().Deployments(w.deployment.Namespace).Patch(ctx, w.deployment.Name, types.MergePatchType, patch, options)
	if err == nil {
		w.deployment = o
	}
	return err
}

// patiently tries again what fails because the API server is away, busy, or has
// seen another write in between.
func (d *Driver) patiently(ctx context.Context, try func() error) error {
	var final error
	err := actuator.Poll(ctx, d.Poll, func() (bool, error) {
		final = try()
		return final == nil || !transient(final), final
	})
	return errors.Join(err, finalUnless(err, final))
}

func finalUnless(err, final error) error {
	if err != nil {
		return nil // Poll has joined it
	}
	return final
}

// transient tells whether the same request may succeed later.
func transient(err error) bool {
	if errors.Is(err, actuator.ErrStale) {
		return false
	}
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		var own *refusal
		return !errors.As(err, &own) // the connection: the server may come back
	}
	return apierrors.IsConflict(err) || apierrors.IsServerTimeout(err) || apierrors.IsTimeout(err) || apierrors.IsInternalError(err) ||
		apierrors.IsTooManyRequests(err) || apierrors.IsServiceUnavailable(err) || apierrors.IsUnexpectedServerError(err)
}

// refusal is a reason of this driver's own not to go on.
type refusal struct{ text string }

func (r *refusal) Error() string { return r.text }

func refuse(format string, args ...any) error { return &refusal{fmt.Sprintf(format, args...)} }
