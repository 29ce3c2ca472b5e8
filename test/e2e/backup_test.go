package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"filippo.io/age"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/quorate/quorate/api/v1alpha1"
)

// backup is an EtcdBackup of a test.
type backup struct {
	*space
	name string
}

// backup applies one of a cluster into a store.
func (c *cluster) backup(name string, where v1alpha1.BackupStore, edits ...func(*v1alpha1.EtcdBackup)) *backup {
	c.t.Helper()
	b := &v1alpha1.EtcdBackup{ObjectMeta: metav1.ObjectMeta{Name: name}}
	b.Spec.ClusterName, b.Spec.Store = c.name, where
	for _, edit := range edits {
		edit(b)
	}
	c.create(b)
	return &backup{c.space, name}
}

func proveByRestore(b *v1alpha1.EtcdBackup) { b.Spec.Verification = v1alpha1.VerificationRestore }

// at is where backups go in a test's S3 server.
func (st *store) at() v1alpha1.BackupStore {
	return v1alpha1.BackupStore{URL: st.url("etcd"), SecretName: st.secret(), Endpoint: st.endpoint()}
}

// waitFor waits until a condition is True, and returns the backup; a condition that
// excludes it ends the wait.
func (b *backup) waitFor(kind string) *v1alpha1.EtcdBackup {
	b.t.Helper()
	got := &v1alpha1.EtcdBackup{}
	eventually(b.t, long, "backup "+b.name+" is "+kind, func(context.Context) error {
		b.read(b.name, got)
		if meta.IsStatusConditionTrue(got.Status.Conditions, kind) {
			return nil
		}
		for _, other := range []string{v1alpha1.ConditionComplete, v1alpha1.ConditionFailed} {
			if meta.IsStatusConditionTrue(got.Status.Conditions, other) {
				b.t.Fatalf("backup %s is %s: %s", b.name, other, conditionsText(got.Status.Conditions))
			}
		}
		return fmt.Errorf("%s", conditionsText(got.Status.Conditions))
	})
	return got
}

func (b *backup) complete() *v1alpha1.EtcdBackup {
	b.t.Helper()
	got := b.waitFor(v1alpha1.ConditionComplete)
	if s := got.Status; s.Revision < 2 || s.Size == "" || s.SHA256 == "" || s.CompletedAt == nil || s.ClusterID == "" {
		b.t.Errorf("the status of %s is %+v", b.name, s)
	}
	return got
}

// failed waits until a backup has failed for a reason, in words.
func (b *backup) failed(reason string, words ...string) {
	b.t.Helper()
	got := b.waitFor(v1alpha1.ConditionFailed)
	c := meta.FindStatusCondition(got.Status.Conditions, v1alpha1.ConditionFailed)
	if c.Reason != reason {
		b.t.Errorf("backup %s failed for %s and not %s: %s", b.name, c.Reason, reason, c.Message)
	}
	for _, w := range words {
		if !strings.Contains(c.Message, w) {
			b.t.Errorf("backup %s failed with %q, which lacks %q", b.name, c.Message, w)
		}
	}
}

// noSecrets fails where a credential stands in what people and others can read.
func (b *backup) noSecrets(secret string) {
	b.t.Helper()
	s := &corev1.Secret{}
	b.read(secret, s)
	said := kubectl(b.t, "-n", b.space.name, "get", "etcdbackups,jobs,pods,events", "-o", "yaml") + b.jobLogs()
	for _, key := range []string{secretAccessKey, "identities"} {
		if value := string(s.Data[key]); value != "" && strings.Contains(said, value) {
			b.t.Errorf("the key %s of Secret %s is written down somewhere", key, secret)
		}
	}
}

func (b *backup) jobLogs() string {
	b.t.Helper()
	return kubectl(b.t, "-n", b.space.name, "logs", "--all-containers", "--prefix", "-l", v1alpha1.LabelBackup+"="+b.name)
}

// TestBackupS3: an EtcdBackup becomes data and a manifest in an S3 store, proven by
// reading it back; with deletionPolicy Delete both go with it.
func TestBackupS3(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	st := s.store("store")
	c := s.readyEtcd("demo", 3)
	c.write("before", 50)
	b := c.backup("nightly", st.at(), func(b *v1alpha1.EtcdBackup) { b.Spec.DeletionPolicy = v1alpha1.DeletionDelete })
	got := b.complete()
	if got.Status.Verified != v1alpha1.VerificationHash || got.Status.Revision < 51 {
		t.Errorf("the status is %+v", got.Status)
	}
	folder := "etcd/" + s.name + "/demo/"
	if have := st.keys(folder); strings.Join(have, " ") != folder+"nightly.db.zst "+folder+"nightly.json" {
		t.Errorf("the store has %v", have)
	}
	b.noSecrets(st.secret())
	if out := kubectl(t, "-n", s.name, "get", "etcdbackup", "nightly"); !strings.Contains(out, "Complete") || !strings.Contains(out, "Hash") {
		t.Errorf("kubectl prints:\n%s", out)
	}

	kubectl(t, "-n", s.name, "delete", "etcdbackup", "nightly", "--timeout=2m")
	if have := st.keys(folder); len(have) > 0 {
		t.Errorf("the store still has %v", have)
	}
	c.settled(c.waitReady())
}

// keys are the objects of a store below a prefix.
func (st *store) keys(prefix string) (names []string) {
	st.t.Helper()
	objects, err := st.client().List(bounded(st.t), prefix)
	must(st.t, err)
	for _, o := range objects {
		names = append(names, o.Key)
	}
	return names
}

// TestBackupVolume: a volume is a store, too; what is in it is proven by a restore in
// the Job.
func TestBackupVolume(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	s.create(volumeStore())
	c := s.readyEtcd("demo", 1)
	c.write("before", 20)
	b := c.backup("first", intoVolume, proveByRestore)
	if got := b.complete(); got.Status.Verified != v1alpha1.VerificationRestore {
		t.Errorf("the status is %+v", got.Status)
	}
}

// intoVolume is where backups go that volumeStore takes.
var intoVolume = v1alpha1.BackupStore{URL: "volume://backups/etcd"}

func volumeStore() *corev1.PersistentVolumeClaim {
	return &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: "backups"},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
		},
	}
}

// TestBackupEncrypted: nobody reads a backup without its key, and one that cannot be
// read with the key at hand is none. What it says of a bad key names the Secret's part.
func TestBackupEncrypted(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	st := s.store("store")
	c := s.readyEtcd("demo", 1)
	keys := c.write("plain-words-to-look-for", 20)
	key, err := age.GenerateX25519Identity()
	must(t, err)
	other, err := age.GenerateX25519Identity()
	must(t, err)
	s.create(ageSecret("age", key.Recipient().String(), key.String()), ageSecret("mixed", key.Recipient().String(), other.String()))
	encrypted := func(secret string) func(*v1alpha1.EtcdBackup) {
		return func(b *v1alpha1.EtcdBackup) {
			b.Spec.Encryption, b.Spec.Compression = &v1alpha1.BackupEncryption{SecretName: secret}, v1alpha1.CompressionNone
		}
	}
	good := c.backup("good", st.at(), encrypted("age"), proveByRestore)
	bad := c.backup("bad", st.at(), encrypted("mixed"))
	good.complete()
	good.noSecrets("age")
	folder := "etcd/" + s.name + "/demo/"
	data, err := st.client().Read(bounded(t), folder+"good.db.age")
	must(t, err)
	if strings.Contains(string(data), "plain-words-to-look-for") {
		t.Error("the store has what was written in plain text")
	}
	bad.failed("WrongKey")
	for _, name := range st.keys(folder) {
		if strings.HasSuffix(name, "bad.json") {
			t.Error("what could not be read counts as a backup")
		}
	}
	keys.verify()
}

func ageSecret(name, recipient, identity string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Data:       map[string][]byte{"recipients": []byte(recipient + "\n"), "identities": []byte(identity + "\n")},
	}
}

// TestBackupRefused: a store that refuses, in any of its ways, is a reason and a next
// step, and no backup.
func TestBackupRefused(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	st := s.store("store")
	c := s.readyEtcd("demo", 1)
	at := st.at()
	wrong, bucket, stranger, nobody := at, at, at, at
	wrong.SecretName = st.otherSecret("wrong", func(d map[string][]byte) { d[secretAccessKey] = []byte("wrong") })
	bucket.URL = "s3://no-such-bucket"
	stranger.SecretName = st.otherSecret("untrusted", func(d map[string][]byte) { delete(d, secretCA) })
	nobody.Endpoint = strings.Replace(at.Endpoint, "store.", "nobody.", 1)
	for name, b := range map[string]struct {
		where  v1alpha1.BackupStore
		reason string
	}{
		"credentials": {wrong, "BadCredentials"}, "bucket": {bucket, "WrongBucket"},
		"certificate": {stranger, "UntrustedCertificate"}, "address": {nobody, "Unreachable"},
	} {
		failing := c.backup(name, b.where, func(o *v1alpha1.EtcdBackup) { o.Spec.Deadline = duration("1m") })
		defer failing.failed(b.reason)
	}
	missing := at
	missing.SecretName = "not-there"
	c.backup("secret", missing)
	eventually(t, medium, "it says which Secret is missing", func(context.Context) error {
		got := &v1alpha1.EtcdBackup{}
		s.read("secret", got)
		if text := conditionsText(got.Status.Conditions); !strings.Contains(text, `no Secret "not-there"`) {
			return fmt.Errorf("%s", text)
		}
		return nil
	})
}
