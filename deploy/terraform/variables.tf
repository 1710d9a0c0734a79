variable "driver_name" {
  description = "Name under which the driver registers, and the first part of the label of data nodes. Each instance in a cluster has its own."
  type        = string
  default     = "syncthing.csi.davepedu.com"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]([a-z0-9.-]*[a-z])?$", var.driver_name)) && length(var.driver_name) <= 63
    error_message = "The driver_name must be a domain name in lower case that begins and ends with a letter and has at most 63 characters."
  }
}

variable "host_data_dir" {
  description = "Absolute path on every node under which all data of the driver lies. Each instance on a node has its own."
  type        = string
  default     = "/var/syncthing-csi"
  nullable    = false

  validation {
    condition     = can(regex("^(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$", var.host_data_dir)) && length(var.host_data_dir) <= 80
    error_message = "The host_data_dir must be a plain absolute path of at most 80 characters, without \"..\" and without \"/\" at its end, and not \"/\" itself."
  }
}

variable "name_suffix" {
  description = "Appended to the names of all resources, \"-\" between. A second instance needs one: some resources belong to no namespace."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(-?[a-z0-9]([a-z0-9-]*[a-z0-9])?)?$", var.name_suffix)) && length(var.name_suffix) <= 20
    error_message = "The name_suffix must be at most 20 lower-case letters, digits and \"-\", and end with a letter or digit."
  }
}

variable "node_label" {
  description = "Only nodes with this label run the driver, for example \"syncthing-experiment=true\". Empty: every node. The scheduler does not know of it: give pods that use its volumes the same nodeSelector."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^([A-Za-z0-9][A-Za-z0-9_./-]*=[A-Za-z0-9_.-]*)?$", var.node_label))
    error_message = "The node_label must be of the form key=value, or empty."
  }
}

variable "namespace" {
  description = "Namespace of the driver. Each instance has its own."
  type        = string
  default     = "syncthing-csi"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", var.namespace)) && length(var.namespace) <= 63
    error_message = "The namespace must be a name of Kubernetes: lower-case letters, digits and \"-\", at most 63."
  }
}

variable "create_namespace" {
  description = "Whether the namespace is made if it is not there. It is never removed: the driver's custom resources are in it."
  type        = bool
  default     = true
  nullable    = false
}

variable "kubelet_dir" {
  description = "The kubelet's root directory on the nodes: /var/snap/microk8s/common/var/lib/kubelet on MicroK8s, /var/lib/k0s/kubelet on k0s."
  type        = string
  default     = "/var/lib/kubelet"
  nullable    = false

  validation {
    condition     = can(regex("^(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$", var.kubelet_dir))
    error_message = "The kubelet_dir must be a plain absolute path without \"..\" and without \"/\" at its end."
  }
}

variable "sync_port" {
  description = "TCP port of Syncthing on the pods' own addresses."
  type        = number
  default     = 22000
  nullable    = false

  validation {
    condition     = var.sync_port >= 1 && var.sync_port <= 65535 && floor(var.sync_port) == var.sync_port
    error_message = "The sync_port must be a port, 1 to 65535."
  }
}

variable "attach" {
  description = "Whether Kubernetes' attach step is used. Off, pods start sooner, and who may write is decided all the same."
  type        = bool
  default     = false
  nullable    = false
}

variable "verbose" {
  description = "Log at the level debug."
  type        = bool
  default     = false
  nullable    = false
}

variable "syncthing_default_config" {
  description = "An XML configuration of Syncthing whose options are merged under the driver's own; see \"Syncthing's options\". Its other sections are not read."
  type        = string
  default     = null

  validation {
    condition     = var.syncthing_default_config == null || can(regex("<configuration[\\s/>]", var.syncthing_default_config))
    error_message = "The syncthing_default_config must be the text of a <configuration> document, as file(\"default_config.xml\") gives it, not its path."
  }
}

variable "syncthing_api_key" {
  description = "API key of Syncthing, used on every node. Null: each node makes a random one. It is kept in a Secret, and in the state of Terraform."
  type        = string
  default     = null
  sensitive   = true

  validation {
    condition     = var.syncthing_api_key == null || can(regex("^[0-9A-Za-z_-]{16,128}$", var.syncthing_api_key))
    error_message = "The syncthing_api_key must be 16 to 128 letters, digits, \"-\" or \"_\"."
  }
}

variable "syncthing_secret_name" {
  description = "A Secret of your own in the namespace with any of the keys apiKey, guiUser and guiPasswordHash (bcrypt), instead of syncthing_api_key."
  type        = string
  default     = null

  validation {
    condition     = var.syncthing_secret_name == null || can(regex("^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", var.syncthing_secret_name))
    error_message = "The syncthing_secret_name must be the name of a Secret."
  }
}

variable "images" {
  description = "Images of the driver, of Syncthing (with the path of its program) and of the sidecars. What is not given is what the chart names."
  type = object({
    driver      = optional(object({ repository = optional(string), tag = optional(string) }))
    syncthing   = optional(object({ repository = optional(string), tag = optional(string), command = optional(string) }))
    provisioner = optional(object({ repository = optional(string), tag = optional(string) }))
    attacher    = optional(object({ repository = optional(string), tag = optional(string) }))
    registrar   = optional(object({ repository = optional(string), tag = optional(string) }))
    pull_policy = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["Always", "IfNotPresent", "Never"], coalesce(var.images.pull_policy, "IfNotPresent"))
    error_message = "The images.pull_policy must be Always, IfNotPresent or Never."
  }
}

variable "image_pull_secrets" {
  description = "Names of Secrets in the namespace by which the images are pulled."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "resources" {
  description = "Requests and limits by container: controller, node, syncthing, provisioner, attacher. They are merged into the chart's."
  type = map(object({
    requests = optional(map(string), {})
    limits   = optional(map(string), {})
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.resources) : contains(["controller", "node", "syncthing", "provisioner", "attacher"], name)])
    error_message = "The resources must be those of controller, node, syncthing, provisioner or attacher."
  }
}

variable "tolerations" {
  description = "Tolerations of the pods on every node and of the controller's pod, by these names. Null: the chart's, by which every node runs the driver."
  type = object({
    node = optional(list(object({
      key                = optional(string)
      operator           = optional(string)
      value              = optional(string)
      effect             = optional(string)
      toleration_seconds = optional(number)
    })))
    controller = optional(list(object({
      key                = optional(string)
      operator           = optional(string)
      value              = optional(string)
      effect             = optional(string)
      toleration_seconds = optional(number)
    })))
  })
  default  = {}
  nullable = false

  validation {
    condition = alltrue([
      for each in concat(coalesce(var.tolerations.node, []), coalesce(var.tolerations.controller, [])) :
      contains(["Exists", "Equal"], coalesce(each.operator, "Equal"))
      && contains(["NoSchedule", "PreferNoSchedule", "NoExecute"], coalesce(each.effect, "NoSchedule"))
    ])
    error_message = "An operator of tolerations is Exists or Equal, an effect NoSchedule, PreferNoSchedule or NoExecute."
  }
}

variable "priority_classes" {
  description = "PriorityClasses of the pods on every node and of the controller's pod. Null: system-node-critical and system-cluster-critical."
  type = object({
    node       = optional(string)
    controller = optional(string)
  })
  default  = {}
  nullable = false
}

variable "storage_class" {
  description = "The instance's first StorageClass. Its name is \"syncthing\" with the suffix unless given; parameters are those of the README."
  type = object({
    create         = optional(bool, true)
    name           = optional(string, "")
    is_default     = optional(bool, false)
    reclaim_policy = optional(string, "Delete")
    parameters     = optional(map(string), {})
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["Delete", "Retain"], var.storage_class.reclaim_policy)
    error_message = "The storage_class.reclaim_policy must be Delete or Retain."
  }
}

variable "more_storage_classes" {
  description = "More StorageClasses of the instance by their names."
  type = map(object({
    is_default     = optional(bool, false)
    reclaim_policy = optional(string, "Delete")
    parameters     = optional(map(string), {})
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for each in values(var.more_storage_classes) : contains(["Delete", "Retain"], each.reclaim_policy)])
    error_message = "A reclaim_policy of more_storage_classes must be Delete or Retain."
  }
}

variable "extra_values" {
  description = "Any other values of the chart, as an object; they win over what the module sets. deploy/chart/README.md has them all."
  type        = any
  default     = {}
  nullable    = false

  validation {
    condition     = can(keys(var.extra_values))
    error_message = "The extra_values must be an object, as { health = { port = 9809 } }."
  }
}

variable "wait" {
  description = "Whether an apply waits until the driver runs on all nodes but as many as may change at a time (node.maxUnavailable of the chart, 1)."
  type        = bool
  default     = true
  nullable    = false
}

variable "timeout" {
  description = "Seconds that an apply or destroy waits."
  type        = number
  default     = 600
  nullable    = false
}
