locals {
  suffix  = var.name_suffix == "" ? "" : "-${trimprefix(var.name_suffix, "-")}"
  release = "syncthing-csi${local.suffix}"

  has_key     = nonsensitive(var.syncthing_api_key != null)
  key_secret  = "syncthing-csi-key${local.suffix}"
  secret_name = local.has_key ? local.key_secret : var.syncthing_secret_name

  # Pods take up another key when they start; this much of its digest says that there is one.
  key_digest      = nonsensitive(substr(sha256(coalesce(var.syncthing_api_key, "none")), 0, 8))
  key_annotations = local.has_key ? { "checksum/api-key" = local.key_digest } : null

  # Of a file as Syncthing writes it, this section holds keys, and nobody reads it.
  template = var.syncthing_default_config == null ? null : replace(var.syncthing_default_config, "/(?s)<gui[\\s>].*</gui>/", "")

  # What is null here stays out: for the chart it would mean to take a default away.
  images = {
    for name, image in {
      driver      = var.images.driver
      syncthing   = var.images.syncthing
      provisioner = var.images.provisioner
      attacher    = var.images.attacher
      registrar   = var.images.registrar
    } : name => { for key, value in image : key => value if value != null } if image != null
  }

  tolerations = {
    for name, list in { node = var.tolerations.node, controller = var.tolerations.controller } : name => [
      for each in list : {
        for key, value in {
          key               = each.key
          operator          = each.operator
          value             = each.value
          effect            = each.effect
          tolerationSeconds = each.toleration_seconds
        } : key => value if value != null
      }
    ] if list != null
  }

  # Parts of the chart's values of which some may be absent.
  parts = {
    for name, part in {
      controller = {
        priorityClassName = var.priority_classes.controller
        tolerations       = try(local.tolerations["controller"], null)
        resources         = try(var.resources["controller"], null)
      }
      node = {
        priorityClassName = var.priority_classes.node
        tolerations       = try(local.tolerations["node"], null)
        resources         = try(var.resources["node"], null)
        podAnnotations    = local.key_annotations
      }
      syncthing = {
        secretName    = local.secret_name
        defaultConfig = local.template
        resources     = try(var.resources["syncthing"], null)
      }
      provisioner = {
        resources = try(var.resources["provisioner"], null)
      }
      images = merge(local.images, { pullPolicy = var.images.pull_policy })
    } : name => { for key, value in part : key => value if value != null }
  }

  values = merge(
    local.parts,
    {
      driverName       = var.driver_name
      hostDataDir      = var.host_data_dir
      nameSuffix       = var.name_suffix
      nodeLabel        = var.node_label
      kubeletDir       = var.kubelet_dir
      syncPort         = var.sync_port
      logLevel         = var.verbose ? "debug" : "info"
      imagePullSecrets = [for name in var.image_pull_secrets : { name = name }]
      storageClass = {
        create        = var.storage_class.create
        name          = var.storage_class.name
        isDefault     = var.storage_class.is_default
        reclaimPolicy = var.storage_class.reclaim_policy
        parameters    = var.storage_class.parameters
      }
      moreStorageClasses = {
        for name, each in var.more_storage_classes : name => {
          isDefault     = each.is_default
          reclaimPolicy = each.reclaim_policy
          parameters    = each.parameters
        }
      }
    },
    { for name, value in { attach = var.attach } : name => value if value },
    { for name, value in var.resources : name => { resources = value } if name == "attacher" },
  )

  socket = "${var.kubelet_dir}/plugins/${var.driver_name}/csi.sock"
}

# A release of its own: the provider shows the values of a release whenever one of them changes, and does not know which
# of them are secret.
resource "helm_release" "key" {
  count = local.has_key ? 1 : 0

  name             = "${local.release}-key"
  namespace        = var.namespace
  create_namespace = var.create_namespace
  chart            = "${path.module}/key-chart"
  max_history      = 2
  values = [sensitive(yamlencode({
    name   = local.key_secret
    apiKey = var.syncthing_api_key
  }))]
}

resource "helm_release" "driver" {
  name             = local.release
  namespace        = var.namespace
  create_namespace = var.create_namespace
  chart            = "${path.module}/../chart"
  wait             = var.wait
  timeout          = var.timeout
  max_history      = 10
  values           = [yamlencode(local.values), yamlencode(var.extra_values)]

  lifecycle {
    precondition {
      condition     = length(local.socket) <= 107
      error_message = "The socket ${local.socket} is longer than 107 bytes: choose a shorter driver_name or kubelet_dir."
    }
    precondition {
      condition     = !startswith("${var.host_data_dir}/", "${var.kubelet_dir}/") && !startswith("${var.kubelet_dir}/", "${var.host_data_dir}/")
      error_message = "The host_data_dir ${var.host_data_dir} and the kubelet_dir ${var.kubelet_dir} must not lie in each other."
    }
    precondition {
      condition     = !(local.has_key && var.syncthing_secret_name != null)
      error_message = "Give syncthing_api_key or syncthing_secret_name, not both."
    }
  }

  depends_on = [helm_release.key]
}
