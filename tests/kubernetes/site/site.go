// Package site is a cluster with something to move: nodes with played kubelets,
// workloads, and clients with the rights of Drover's service accounts alone.
package site

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"

	"drover/tests/kubernetes/cluster"
	"drover/tests/kubernetes/programs"
	"drover/tests/module"
)

// Namespace is where Drover's service accounts are.
const Namespace = "drover"

// Patience is how long anything may take that is waited for.
const Patience = 4 * time.Minute

// Site is a cluster with nodes.
type Site struct {
	*cluster.Cluster
	Kubelets *cluster.Kubelets
	folder   string
}

// Options say how large a site is and how quick its pods are.
type Options struct {
	Nodes int
	// Start and Stop are how long containers take; 0: 300 ms and 100 ms.
	Start, Stop time.Duration
}

// Open starts a cluster with nodes and Drover's roles. The caller closes it, in
// case of an error too.
func Open(ctx context.Context, o Options) (*Site, error) {
	s := &Site{}
	p, err := programs.Find()
	if err != nil {
		return s, err
	}
	if s.folder, err = cluster.Folder(); err != nil {
		return s, err
	}
	if s.Cluster, err = cluster.Start(ctx, p, s.folder); err != nil {
		return s, err
	}
	if o.Start == 0 {
		o.Start, o.Stop = 300*time.Millisecond, 100*time.Millisecond
	}
	s.Kubelets = &cluster.Kubelets{Client: s.Client, Start: o.Start, Stop: o.Stop}
	if err := s.Kubelets.Run(ctx); err != nil {
		return s, err
	}
	if err := cluster.MakeNodes(ctx, s.Client, o.Nodes); err != nil {
		return s, err
	}
	if err := s.MakeNamespace(ctx, Namespace); err != nil {
		return s, err
	}
	root, err := module.Root()
	if err != nil {
		return s, err
	}
	return s, ApplyFile(ctx, s.Admin, Namespace, filepath.Join(root, "deploy", "kubernetes", "base", "rbac.yaml"))
}

// Close ends the cluster and deletes its folder.
func (s *Site) Close() error {
	var err error
	if s.Kubelets != nil {
		s.Kubelets.Close()
	}
	if s.Cluster != nil {
		err = s.Cluster.Close()
	}
	if s.folder != "" {
		err = errors.Join(err, os.RemoveAll(s.folder))
	}
	return err
}

// MakeNamespace makes a namespace and waits for its service account.
func (s *Site) MakeNamespace(ctx context.Context, name string) error {
	_, err := s.Client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("namespace %s: %w", name, err)
	}
	return Eventually(ctx, "service account of namespace "+name, func() (bool, error) {
		_, err := s.Client.CoreV1().ServiceAccounts(name).Get(ctx, "default", metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return false, nil
		}
		return err == nil, err
	})
}

// As returns how one of Drover's service accounts connects, by a token of its
// own: it may do what its role says and nothing else.
func (s *Site) As(ctx context.Context, account string) (*rest.Config, error) {
	hour := int64(3600)
	token, err := s.Client.CoreV1().ServiceAccounts(Namespace).CreateToken(ctx, account,
		&authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &hour}}, metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("token of %s: %w", account, err)
	}
	config := rest.AnonymousClientConfig(s.Admin)
	config.BearerToken = token.Status.Token
	return config, nil
}

// Eventually waits until so says true, however slow the machine is.
func Eventually(ctx context.Context, what string, so func() (bool, error)) error {
	err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, Patience, true, func(context.Context) (bool, error) { return so() })
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
