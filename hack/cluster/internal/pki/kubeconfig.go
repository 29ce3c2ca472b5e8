package pki

import (
	"fmt"
	"os"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// WriteKubeconfig writes to path how the holder of certPath's pair reaches the API server at url. Everything is
// embedded, so that the file can be copied.
func (a *Authority) WriteKubeconfig(path, url, user, certPath string) error {
	cert, err := os.ReadFile(certPath + ".crt")
	if err != nil {
		return err
	}
	key, err := os.ReadFile(certPath + ".key")
	if err != nil {
		return err
	}
	c := api.NewConfig()
	c.Clusters["quorate"] = &api.Cluster{Server: url, CertificateAuthorityData: a.CertPEM}
	c.AuthInfos[user] = &api.AuthInfo{ClientCertificateData: cert, ClientKeyData: key}
	c.Contexts["quorate"] = &api.Context{Cluster: "quorate", AuthInfo: user}
	c.CurrentContext = "quorate"
	if err := clientcmd.WriteToFile(*c, path); err != nil {
		return fmt.Errorf("write kubeconfig: %w", err)
	}
	return nil
}
