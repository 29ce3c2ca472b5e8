package v1alpha1

// Reasons that the conditions of an EtcdCluster have of their own. Ready,
// Progressing and Stalled carry the reason of the decision that was taken:
// docs/observe.md lists them all, with the next step for each.
const (
	// ReasonBackupFailed: the last backup failed.
	ReasonBackupFailed = "BackupFailed"
	// ReasonBackupMissing: the last backup was deleted in the store.
	ReasonBackupMissing = "BackupMissing"
	// ReasonBackupOverdue: there should be a younger proven backup.
	ReasonBackupOverdue = "BackupOverdue"
	// ReasonBackupRecent: the last backup is proven and recent.
	ReasonBackupRecent = "BackupRecent"
	// ReasonCertificateAuthorityLost: the key of an authority of a formed cluster is gone.
	ReasonCertificateAuthorityLost = "CertificateAuthorityLost"
	// ReasonCertificatesValid: every certificate and authority is in order.
	ReasonCertificatesValid = "CertificatesValid"
	// ReasonDrillFailed: the last drill of a backup failed.
	ReasonDrillFailed = "DrillFailed"
	// ReasonForbidden: the API server refuses what the operator asks for.
	ReasonForbidden = "Forbidden"
	// ReasonForming: a new cluster is being born.
	ReasonForming = "Forming"
	// ReasonKnownVulnerabilities: the etcd release is one that nobody should run.
	ReasonKnownVulnerabilities = "KnownVulnerabilities"
	// ReasonMutualTLS: clients and peers are authenticated.
	ReasonMutualTLS = "MutualTLS"
	// ReasonNoBackup: no backup is proven.
	ReasonNoBackup = "NoBackup"
	// ReasonQuorumHealthy: a quorum of voters answers.
	ReasonQuorumHealthy = "QuorumHealthy"
	// ReasonQuotaExceeded: a ResourceQuota of the namespace forbids what is needed.
	ReasonQuotaExceeded = "QuotaExceeded"
	// ReasonSecretInvalid: a Secret lacks a key or holds something unreadable.
	ReasonSecretInvalid = "SecretInvalid"
	// ReasonTLSDisabled: spec.tls.disabled is true.
	ReasonTLSDisabled = "TLSDisabled"
)
