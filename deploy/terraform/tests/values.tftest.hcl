# What becomes of the inputs. Nothing is installed: the provider is a mock.
mock_provider "helm" {}

run "defaults" {
  command = plan

  assert {
    condition     = helm_release.driver.name == "syncthing-csi" && helm_release.driver.namespace == "syncthing-csi"
    error_message = "The release of the first instance has no suffix."
  }
  assert {
    condition = yamldecode(helm_release.driver.values[0]) == {
      driverName         = "syncthing.csi.davepedu.com"
      hostDataDir        = "/var/syncthing-csi"
      nameSuffix         = ""
      nodeLabel          = ""
      kubeletDir         = "/var/lib/kubelet"
      syncPort           = 22000
      logLevel           = "info"
      imagePullSecrets   = []
      images             = {}
      controller         = {}
      node               = {}
      syncthing          = {}
      provisioner        = {}
      storageClass       = { create = true, name = "", isDefault = false, reclaimPolicy = "Delete", parameters = {} }
      moreStorageClasses = {}
    }
    error_message = "Nothing is said that the chart says better: ${helm_release.driver.values[0]}"
  }
  assert {
    condition     = helm_release.driver.create_namespace && helm_release.driver.wait && helm_release.driver.timeout == 600
    error_message = "The namespace is made, and the apply waits."
  }
  assert {
    condition     = length(helm_release.key) == 0
    error_message = "Without a key there is no Secret."
  }
  assert {
    condition     = output.driver_name == "syncthing.csi.davepedu.com" && output.storage_label == "syncthing.csi.davepedu.com/syncthing-storage" && output.storage_class == "syncthing" && output.namespace == "syncthing-csi" && output.release_name == "syncthing-csi"
    error_message = "The outputs are those of the first instance."
  }
}

run "everything" {
  command = plan

  variables {
    driver_name   = "second.example.com"
    host_data_dir = "/srv/second"
    name_suffix   = "-b"
    node_label    = "disk=ssd"
    namespace     = "second"
    kubelet_dir   = "/var/lib/k0s/kubelet"
    sync_port     = 22001
    attach        = true
    verbose       = true
    images = {
      driver      = { repository = "registry.example.com/csi", tag = "1" }
      syncthing   = { repository = "registry.example.com/syncthing", tag = "2", command = "/syncthing" }
      provisioner = { repository = "registry.example.com/provisioner", tag = "3" }
      attacher    = { repository = "registry.example.com/attacher", tag = "4" }
      registrar   = { tag = "5" }
      pull_policy = "Always"
    }
    image_pull_secrets = ["pull"]
    resources = {
      controller  = { requests = { cpu = "2" } }
      node        = { limits = { memory = "1Gi" } }
      syncthing   = { requests = { cpu = "1" } }
      provisioner = { limits = { memory = "3Gi" } }
      attacher    = { limits = { memory = "4Gi" } }
    }
    tolerations = {
      node       = [{ key = "edge", operator = "Exists", effect = "NoExecute", toleration_seconds = 5 }]
      controller = [{ key = "hot", value = "very", effect = "NoSchedule" }]
    }
    priority_classes = { node = "higher", controller = "high" }
    storage_class    = { name = "own", is_default = true, reclaim_policy = "Retain", parameters = { replicas = "2" } }
    more_storage_classes = {
      kept = { parameters = { onDelete = "archive" } }
    }
    extra_values     = { health = { port = 9999 } }
    create_namespace = false
    wait             = false
    timeout          = 60
  }

  assert {
    condition     = helm_release.driver.name == "syncthing-csi-b"
    error_message = "The release has the suffix, with one \"-\"."
  }
  assert {
    condition     = helm_release.driver.namespace == "second" && !helm_release.driver.create_namespace && !helm_release.driver.wait && helm_release.driver.timeout == 60
    error_message = "What is asked of the provider is what was given."
  }
  assert {
    condition = yamldecode(helm_release.driver.values[0]) == {
      driverName       = "second.example.com"
      hostDataDir      = "/srv/second"
      nameSuffix       = "-b"
      nodeLabel        = "disk=ssd"
      kubeletDir       = "/var/lib/k0s/kubelet"
      syncPort         = 22001
      logLevel         = "debug"
      attach           = true
      imagePullSecrets = [{ name = "pull" }]
      images = {
        driver      = { repository = "registry.example.com/csi", tag = "1" }
        syncthing   = { repository = "registry.example.com/syncthing", tag = "2", command = "/syncthing" }
        provisioner = { repository = "registry.example.com/provisioner", tag = "3" }
        attacher    = { repository = "registry.example.com/attacher", tag = "4" }
        registrar   = { tag = "5" }
        pullPolicy  = "Always"
      }
      controller = {
        priorityClassName = "high"
        tolerations       = [{ key = "hot", value = "very", effect = "NoSchedule" }]
        resources         = { requests = { cpu = "2" }, limits = {} }
      }
      node = {
        priorityClassName = "higher"
        tolerations       = [{ key = "edge", operator = "Exists", effect = "NoExecute", tolerationSeconds = 5 }]
        resources         = { requests = {}, limits = { memory = "1Gi" } }
      }
      syncthing          = { resources = { requests = { cpu = "1" }, limits = {} } }
      provisioner        = { resources = { requests = {}, limits = { memory = "3Gi" } } }
      attacher           = { resources = { requests = {}, limits = { memory = "4Gi" } } }
      storageClass       = { create = true, name = "own", isDefault = true, reclaimPolicy = "Retain", parameters = { replicas = "2" } }
      moreStorageClasses = { kept = { isDefault = false, reclaimPolicy = "Delete", parameters = { onDelete = "archive" } } }
    }
    error_message = "Every input is in the values: ${helm_release.driver.values[0]}"
  }
  assert {
    condition     = yamldecode(helm_release.driver.values[1]) == { health = { port = 9999 } }
    error_message = "The extra values come last, and win."
  }
  assert {
    condition     = output.storage_label == "second.example.com/syncthing-storage" && output.storage_class == "own"
    error_message = "The outputs are those of the second instance."
  }
}

run "suffix_without_dash" {
  command = plan
  variables {
    name_suffix = "b"
  }
  assert {
    condition     = helm_release.driver.name == "syncthing-csi-b" && output.storage_class == "syncthing-b"
    error_message = "Names are the same, with \"-\" given or not."
  }
}

run "no_storage_class" {
  command = plan
  variables {
    storage_class = { create = false }
  }
  assert {
    condition     = output.storage_class == null
    error_message = "There is no name of a class that is not made."
  }
}

run "given_key" {
  command = plan
  variables {
    syncthing_api_key = "a-key-of-24-characters-x"
  }
  assert {
    condition     = nonsensitive(yamldecode(helm_release.key[0].values[0])) == { name = "syncthing-csi-key", apiKey = "a-key-of-24-characters-x" }
    error_message = "The key is in the release that is for it."
  }
  assert {
    condition     = yamldecode(helm_release.driver.values[0]).syncthing == { secretName = "syncthing-csi-key" } && !strcontains(helm_release.driver.values[0], "a-key-of")
    error_message = "The driver's values name the Secret and do not have the key."
  }
  assert {
    condition     = length(yamldecode(helm_release.driver.values[0]).node.podAnnotations["checksum/api-key"]) == 8
    error_message = "Another key gives pods another annotation, by which they are replaced."
  }
}

run "secret_of_ones_own" {
  command = plan
  variables {
    syncthing_secret_name = "mine"
  }
  assert {
    condition     = length(helm_release.key) == 0 && yamldecode(helm_release.driver.values[0]).syncthing == { secretName = "mine" }
    error_message = "A Secret that is there already is named, and none is made."
  }
}

run "template" {
  command = plan
  variables {
    syncthing_default_config = <<-XML
      <configuration version="37">
        <gui enabled="true">
          <apikey>not-for-a-plan</apikey>
        </gui>
        <options><maxSendKbps>10</maxSendKbps></options>
      </configuration>
    XML
  }
  assert {
    condition     = strcontains(yamldecode(helm_release.driver.values[0]).syncthing.defaultConfig, "<maxSendKbps>10</maxSendKbps>")
    error_message = "The template is among the values."
  }
  assert {
    condition     = !strcontains(helm_release.driver.values[0], "not-for-a-plan")
    error_message = "Its section with the keys is not."
  }
}
