package v1alpha1

// Types of the conditions of an EtcdCluster.
const (
	// ConditionReady: this generation is served by a healthy quorum.
	ConditionReady = "Ready"
	// ConditionQuorate: a quorum of voters answers linearizable reads.
	ConditionQuorate = "Quorate"
	// ConditionProgressing: Quorate is on its way to what the spec says.
	ConditionProgressing = "Progressing"
	// ConditionStalled: Quorate cannot go on by itself; the message says what to do.
	ConditionStalled = "Stalled"
	// ConditionBackupHealthy: the last backup is proven and recent.
	ConditionBackupHealthy = "BackupHealthy"
	// ConditionCertificatesValid: every certificate and authority is in order.
	ConditionCertificatesValid = "CertificatesValid"
	// ConditionSecured: clients and peers are authenticated, by a release of etcd
	// against which nothing is known. False with reason TLSDisabled when
	// spec.tls.disabled is true, and with KnownVulnerabilities.
	ConditionSecured = "Secured"
)
