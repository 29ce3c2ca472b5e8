package v1alpha1

// Reasons of conditions and Events, CamelCase as Kubernetes wants them. A
// reason names one cause; the message beside it names the object and the next
// step.
const (
	// ReasonSteady: the cluster is what its spec says.
	ReasonSteady = "Steady"
	// ReasonForming: a new cluster is being born.
	ReasonForming = "Forming"
	// ReasonFormed: a new cluster was born.
	ReasonFormed = "Formed"
	// ReasonWaiting: something outside must happen first.
	ReasonWaiting = "Waiting"
	// ReasonPaused: spec.paused is true.
	ReasonPaused = "Paused"
	// ReasonHibernated: spec.hibernated is true.
	ReasonHibernated = "Hibernated"
	// ReasonDeleting: the EtcdCluster is being deleted.
	ReasonDeleting = "Deleting"
	// ReasonRepairing: an owned object is being put right.
	ReasonRepairing = "Repairing"
	// ReasonScaling: members are being added or removed.
	ReasonScaling = "Scaling"
	// ReasonRollingOut: members are restarted with a new specification.
	ReasonRollingOut = "RollingOut"
	// ReasonRestoring: data is being put back from a backup.
	ReasonRestoring = "Restoring"
)

// Reasons that speak of quorum and members.
const (
	// ReasonQuorumHealthy: a quorum of voters answers.
	ReasonQuorumHealthy = "QuorumHealthy"
	// ReasonQuorumLost: too few voters answer for the cluster to work.
	ReasonQuorumLost = "QuorumLost"
	// ReasonMemberLost: a member's data is gone, by evidence.
	ReasonMemberLost = "MemberLost"
	// ReasonMemberRefused: a member's agent will not start etcd on its disk.
	ReasonMemberRefused = "MemberRefused"
	// ReasonUnreachable: a member does not answer; that proves nothing.
	ReasonUnreachable = "Unreachable"
)

// Reasons for which Quorate stands still.
const (
	// ReasonNameTaken: an object of a needed name belongs to someone else.
	ReasonNameTaken = "NameTaken"
	// ReasonNameTooLong: the name does not fit into the pods' DNS names.
	ReasonNameTooLong = "NameTooLong"
	// ReasonOtherOperator: another operator acts on this cluster.
	ReasonOtherOperator = "OtherOperator"
	// ReasonOperatorTooOld: a newer operator has left something this one does not know.
	ReasonOperatorTooOld = "OperatorTooOld"
	// ReasonVersionUnsupported: this operator has no member image for the version.
	ReasonVersionUnsupported = "VersionUnsupported"
	// ReasonNotSupportedYet: the field's behaviour comes with a later release.
	ReasonNotSupportedYet = "NotSupportedYet"
	// ReasonInvalidSpec: the specification passed the API server and still cannot be served.
	ReasonInvalidSpec = "InvalidSpec"
)

// Reasons that Kubernetes gives.
const (
	// ReasonImagePull: the member's image cannot be pulled.
	ReasonImagePull = "ImagePull"
	// ReasonUnschedulable: no node takes a member's pod.
	ReasonUnschedulable = "Unschedulable"
	// ReasonVolumePending: a member's volume is not bound.
	ReasonVolumePending = "VolumePending"
	// ReasonVolumeFull: a member's volume has no room left.
	ReasonVolumeFull = "VolumeFull"
	// ReasonQuotaExceeded: a ResourceQuota of the namespace forbids what is needed.
	ReasonQuotaExceeded = "QuotaExceeded"
	// ReasonForbidden: the API server refuses what the operator asks for.
	ReasonForbidden = "Forbidden"
	// ReasonCrashLooping: a member's container ends again and again.
	ReasonCrashLooping = "CrashLooping"
)

// Reasons that speak of certificates and backups.
const (
	// ReasonCertificatesValid: every certificate and authority is in order.
	ReasonCertificatesValid = "CertificatesValid"
	// ReasonCertificatesRenewed: a certificate was renewed.
	ReasonCertificatesRenewed = "CertificatesRenewed"
	// ReasonCertificateAuthorityLost: the key of an authority of a formed cluster is gone.
	ReasonCertificateAuthorityLost = "CertificateAuthorityLost"
	// ReasonSecretInvalid: a Secret lacks a key or holds something unreadable.
	ReasonSecretInvalid = "SecretInvalid"
	// ReasonMutualTLS: clients and peers are authenticated.
	ReasonMutualTLS = "MutualTLS"
	// ReasonTLSDisabled: spec.tls.disabled is true.
	ReasonTLSDisabled = "TLSDisabled"
	// ReasonNoBackup: nothing backs this cluster up.
	ReasonNoBackup = "NoBackup"
)
