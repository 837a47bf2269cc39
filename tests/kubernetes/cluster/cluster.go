package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

	"drover/tests/kubernetes/programs"
)

// Cluster is a running control plane.
type Cluster struct {
	Folder string
	// Admin may do everything.
	Admin  *rest.Config
	Client kubernetes.Interface

	certificates certificates
	url          string
	servers      []*server // in the order of their start
	api          *server
}

// advertised is the address that the API server is told to be at: loopback is
// refused, and nobody asks for it here (TEST-NET-3).
const advertised = "203.0.113.1"

// admin is the user of Cluster.Admin and of the control plane's own parts.
const admin = "admin"

// Start starts a control plane in a folder. What has been started when it fails
// is ended by Close.
func Start(ctx context.Context, p programs.Programs, folder string) (*Cluster, error) {
	c := &Cluster{Folder: folder}
	if err := c.prepare(p); err != nil {
		return c, err
	}
	for _, s := range c.servers[:2] { // etcd and the API server
		if err := s.start(); err != nil {
			return c, err
		}
	}
	if err := c.ready(ctx); err != nil {
		return c, err
	}
	for _, s := range c.servers[2:] {
		if err := s.start(); err != nil {
			return c, err
		}
	}
	return c, nil
}

// ready waits until the API server answers.
func (c *Cluster) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	err := await(ctx, c.servers[:2], func() error {
		return c.Client.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
	})
	if err != nil {
		return fmt.Errorf("API server: %w", err)
	}
	return nil
}

// prepare writes keys and credentials and says how the servers are started.
func (c *Cluster) prepare(p programs.Programs) error {
	free, err := ports(3)
	if err != nil {
		return err
	}
	if c.certificates, err = certify(c.Folder); err != nil {
		return err
	}
	c.url = "https://127.0.0.1:" + free[2]
	id := c.certificates.admin
	c.Admin = &rest.Config{Host: c.url, QPS: 500, Burst: 1000, TLSClientConfig: rest.TLSClientConfig{CertFile: id.Cert, KeyFile: id.Key, CAFile: id.CA}}
	if c.Client, err = kubernetes.NewForConfig(c.Admin); err != nil {
		return fmt.Errorf("client: %w", err)
	}
	if err := c.WriteKubeconfig(c.Kubeconfig(), &api.AuthInfo{ClientCertificate: id.Cert, ClientKey: id.Key}); err != nil {
		return err
	}
	etcd, peer := "http://127.0.0.1:"+free[0], "http://127.0.0.1:"+free[1]
	c.api = c.apiServer(p.APIServer, etcd, free[2])
	c.servers = []*server{
		c.server("etcd", p.Etcd, "--name=one", "--data-dir="+filepath.Join(c.Folder, "etcd"), "--unsafe-no-fsync",
			"--listen-client-urls="+etcd, "--advertise-client-urls="+etcd, "--listen-peer-urls="+peer,
			"--initial-advertise-peer-urls="+peer, "--initial-cluster=one="+peer),
		c.api,
		c.controllerManager(p.ControllerManager),
		c.server("kube-scheduler", p.Scheduler, "--kubeconfig="+c.Kubeconfig(), "--leader-elect=false", "--secure-port=0",
			"--kube-api-qps=300", "--kube-api-burst=600"),
	}
	return nil
}

func (c *Cluster) apiServer(program, etcd, port string) *server {
	id := c.certificates.server
	return c.server("kube-apiserver", program, "--etcd-servers="+etcd, "--bind-address=127.0.0.1", "--secure-port="+port,
		"--advertise-address="+advertised, "--authorization-mode=RBAC", "--allow-privileged=false",
		"--tls-cert-file="+id.Cert, "--tls-private-key-file="+id.Key, "--client-ca-file="+id.CA,
		"--service-account-issuer=https://kubernetes.default.svc", "--service-account-key-file="+c.certificates.accounts.Cert,
		"--service-account-signing-key-file="+c.certificates.accounts.Key, "--service-cluster-ip-range=10.96.0.0/16")
}

func (c *Cluster) controllerManager(program string) *server {
	// Nodes here send no heartbeats: what a kubelet says of its node stands.
	return c.server("kube-controller-manager", program, "--kubeconfig="+c.Kubeconfig(), "--leader-elect=false", "--secure-port=0",
		"--root-ca-file="+c.certificates.server.CA, "--service-account-private-key-file="+c.certificates.accounts.Key, "--node-monitor-grace-period=24h",
		"--kube-api-qps=300", "--kube-api-burst=600", "--concurrent-replicaset-syncs=20", "--concurrent-deployment-syncs=20",
		"--concurrent-service-endpoint-syncs=5")
}

// Kubeconfig is the path of the administrator's kubeconfig file.
func (c *Cluster) Kubeconfig() string { return filepath.Join(c.Folder, "kubeconfig") }

// WriteKubeconfig writes a kubeconfig file for a user of the cluster.
func (c *Cluster) WriteKubeconfig(path string, user *api.AuthInfo) error {
	config := api.NewConfig()
	config.Clusters["test"] = &api.Cluster{Server: c.url, CertificateAuthority: c.certificates.server.CA}
	config.AuthInfos["user"] = user
	config.Contexts["test"] = &api.Context{Cluster: "test", AuthInfo: "user"}
	config.CurrentContext = "test"
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		return fmt.Errorf("kubeconfig: %w", err)
	}
	return nil
}

// RestartAPIServer kills the API server and starts it again; it returns when it
// answers.
func (c *Cluster) RestartAPIServer(ctx context.Context) error {
	if err := c.api.stop(syscall.SIGKILL); err != nil {
		return err
	}
	if err := c.api.start(); err != nil {
		return err
	}
	return c.ready(ctx)
}

// Close ends the servers, the last one first. The folder is the caller's.
func (c *Cluster) Close() error {
	var err error
	for i := len(c.servers) - 1; i >= 0; i-- {
		ask := syscall.SIGTERM
		if i == 1 {
			ask = syscall.SIGKILL // it would wait for its watchers for a minute
		}
		err = errors.Join(err, c.servers[i].stop(ask))
	}
	return err
}

// Folder for a cluster that isn't a test's.
func Folder() (string, error) {
	folder, err := os.MkdirTemp("", "drover-kubernetes-")
	if err != nil {
		return "", fmt.Errorf("cluster: %w", err)
	}
	return folder, nil
}
