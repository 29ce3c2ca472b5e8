package v1alpha1

// Labels.
const (
	// LabelCluster, on every object of a cluster: the cluster's name.
	LabelCluster = GroupName + "/cluster"
	// LabelServing, on member pods: "true" while clients may be sent there.
	LabelServing = GroupName + "/serving"
	// LabelBackup, on the Jobs and pods of a backup: the EtcdBackup's name.
	LabelBackup = GroupName + "/backup"
	// LabelSchedule, on an EtcdBackup: the name of the EtcdBackupSchedule that made
	// it, and whose retention counts it.
	LabelSchedule = GroupName + "/schedule"
	// LabelDrill, on an EtcdCluster that a drill made to throw it away: the name of
	// the EtcdBackupSchedule that it belongs to, which also owns it.
	LabelDrill = GroupName + "/drill"
)

// Finalizers.
const (
	// FinalizerBackupData, on an EtcdBackup whose data goes with it.
	FinalizerBackupData = GroupName + "/backup-data"
)

// Annotations.
const (
	// AnnotationReplace, set by a person on an EtcdCluster: the ID of a member
	// that counts as lost from now on.
	AnnotationReplace = GroupName + "/replace"
	// AnnotationRotateCA, set by a person on an EtcdCluster: new certificate
	// authorities in place of the present ones, once for each value.
	AnnotationRotateCA = GroupName + "/rotate-ca"
	// AnnotationApprove, set by a person on an EtcdCluster whose updates are
	// supervised: the restart that may happen, as the condition names it.
	AnnotationApprove = GroupName + "/approve"
	// AnnotationOperator, set by a person on an EtcdCluster: the operator that
	// shall act on it, as namespace/name.
	AnnotationOperator = GroupName + "/operator"
	// AnnotationFormed, on a PVC: the ID of the cluster that its volume belongs to.
	AnnotationFormed = GroupName + "/formed"
	// AnnotationMember, on a PVC: the ID of the member whose data its volume holds.
	AnnotationMember = GroupName + "/member"
	// AnnotationSuperseded, on a PVC: the epoch of the volumes that have come in its
	// place, by a restore.
	AnnotationSuperseded = GroupName + "/superseded-by-epoch"
	// AnnotationSupersededBy, beside it: the UID of the EtcdRestore.
	AnnotationSupersededBy = GroupName + "/superseded-by"
	// AnnotationKeptUntil, on a PVC whose volume was superseded: until when it is
	// kept, in RFC 3339 form.
	AnnotationKeptUntil = GroupName + "/kept-until"
	// AnnotationWithdrawn, on a member pod: since when it is out of the client
	// Service, in RFC 3339 form with fractions of a second.
	AnnotationWithdrawn = GroupName + "/withdrawn"
	// AnnotationAppliedHash, on an owned object: a hash of what was applied.
	AnnotationAppliedHash = GroupName + "/applied-hash"
)
