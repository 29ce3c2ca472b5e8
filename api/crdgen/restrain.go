package main

// restrain bounds what is borrowed from Kubernetes' own types, where no marker
// can stand, and drops what cannot work without volumes or claims in the pod.
func restrain(root schema) {
	pod, ok := at(root, "properties", "spec", "properties", "podTemplate", "properties").(schema)
	if !ok {
		return
	}
	restrainEnv(pod)
	drop(at(pod, "resources", "properties"), "claims")
	setAll(at(pod, "nodeSelector", "additionalProperties"), labelValue)
	setAll(at(pod, "metadata", "properties", "labels", "additionalProperties"), labelValue)

	options := at(root, "properties", "spec", "properties", "etcd", "properties", "extraConfig", "additionalProperties")
	setAll(options, schema{"maxLength": 256, "pattern": `^[^\r\n]*$`})
}

var labelValue = schema{"maxLength": 63, "pattern": `^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$`}

func restrainEnv(pod schema) {
	variable, ok := at(pod, "env", "items", "properties").(schema)
	if !ok {
		return
	}
	setAll(variable["name"], schema{"maxLength": 128, "pattern": `^[-._a-zA-Z][-._a-zA-Z0-9]*$`})
	setAll(variable["value"], schema{"maxLength": 32768})
	drop(at(variable, "valueFrom", "properties"), "fileKeyRef")
}

func setAll(target any, values schema) {
	s, ok := target.(schema)
	if !ok {
		return
	}
	for key, value := range values {
		s[key] = value
	}
}

func drop(properties any, name string) {
	if p, ok := properties.(schema); ok {
		delete(p, name)
	}
}
