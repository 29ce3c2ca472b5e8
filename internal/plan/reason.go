package plan

// Reason is the machine-readable cause of a decision, as conditions and
// Events carry it.
type Reason string

const (
	ReasonSteady             Reason = "Steady"
	ReasonDeleting           Reason = "Deleting"
	ReasonPaused             Reason = "Paused"
	ReasonClaiming           Reason = "Claiming"
	ReasonOtherOperator      Reason = "OtherOperator"
	ReasonVersionUnsupported Reason = "VersionUnsupported"
	ReasonNameTaken          Reason = "NameTaken"
	ReasonLeaving            Reason = "WaitingForGarbageCollection"
	ReasonAuthorityLost      Reason = "CertificateAuthorityLost"
	ReasonCertificates       Reason = "IssuingCertificates"
	ReasonCreating           Reason = "Creating"
	ReasonRepairing          Reason = "Repairing"
	ReasonRecreating         Reason = "RecreatingPods"
	ReasonPodsStarting       Reason = "PodsStarting"
	ReasonForming            Reason = "Forming"
	ReasonFormed             Reason = "Formed"
	ReasonDiscarding         Reason = "DiscardingBirth"
	ReasonVolumesDisagree    Reason = "VolumesDisagree"
	ReasonMarking            Reason = "MarkingVolumes"
	ReasonQuorumLost         Reason = "QuorumLost"
	ReasonUnreachable        Reason = "MembersUnreachable"
	ReasonMemberLost         Reason = "MemberLost"
	ReasonMemberUnready      Reason = "MemberUnready"
	ReasonMemberRefused      Reason = "MemberRefused"
	ReasonNotSupportedYet    Reason = "NotSupportedYet"

	// Reasons of troubles that come from Kubernetes.
	ReasonUnschedulable  Reason = "Unschedulable"
	ReasonQuotaExceeded  Reason = "QuotaExceeded"
	ReasonImage          Reason = "ImageCannotBePulled"
	ReasonNoStorageClass Reason = "NoStorageClass"
	ReasonVolumePending  Reason = "VolumePending"
	ReasonPodRejected    Reason = "PodRejected"
	ReasonPodCrashing    Reason = "PodCrashing"
	ReasonMountFailed    Reason = "MountFailed"
	ReasonNodeLost       Reason = "NodeNotReady"
)
