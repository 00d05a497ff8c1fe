package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"time"
)

// secure gives the server a certificate of a CA of its own, made now; the CA
// and a client certificate of it go to said. The name in it is till.test.
func secure(server *http.Server, mode string, said map[string]string) error {
	authority, err := issue("hostile CA", nil, true)
	if err != nil {
		return err
	}
	own, err := issue("till.test", authority, false)
	if err != nil {
		return err
	}
	client, err := issue("collector", authority, false)
	if err != nil {
		return err
	}
	server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{{
		Certificate: [][]byte{own.certificate.Raw}, PrivateKey: own.key,
	}}}
	if mode == "mutual" {
		pool := x509.NewCertPool()
		pool.AddCert(authority.certificate)
		server.TLSConfig.ClientAuth = tls.RequireAndVerifyClientCert
		server.TLSConfig.ClientCAs = pool
	}
	key, err := x509.MarshalPKCS8PrivateKey(client.key)
	if err != nil {
		return err
	}
	said["ca"] = text("CERTIFICATE", authority.certificate.Raw)
	said["cert"] = text("CERTIFICATE", client.certificate.Raw)
	said["key"] = text("PRIVATE KEY", key)
	return nil
}

type identity struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func issue(name string, parent *identity, isAuthority bool) (*identity, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(time.Hour),
		IsCA:                  isAuthority,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	if !isAuthority {
		template.KeyUsage = x509.KeyUsageDigitalSignature
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
		template.DNSNames = []string{name}
		if name == "till.test" {
			template.DNSNames = append(template.DNSNames, "localhost")
			template.IPAddresses = []net.IP{net.ParseIP("::1")}
		}
	}
	signer, signerKey := template, key
	if parent != nil {
		signer, signerKey = parent.certificate, parent.key
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, signer, &key.PublicKey, signerKey)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(raw)
	if err != nil {
		return nil, err
	}
	return &identity{certificate, key}, nil
}

func text(kind string, bytes []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes}))
}
