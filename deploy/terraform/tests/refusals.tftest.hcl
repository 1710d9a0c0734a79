# What is refused, and by whom: an input by itself, or the plan where inputs do not go together.
mock_provider "helm" {}

run "driver_name_case" {
  command = plan
  variables {
    driver_name = "Not.A.Name"
  }
  expect_failures = [var.driver_name]
}

run "driver_name_digit" {
  command = plan
  variables {
    driver_name = "second.example.2"
  }
  expect_failures = [var.driver_name]
}

run "host_data_dir_relative" {
  command = plan
  variables {
    host_data_dir = "var/csi"
  }
  expect_failures = [var.host_data_dir]
}

run "host_data_dir_up" {
  command = plan
  variables {
    host_data_dir = "/var/../etc"
  }
  expect_failures = [var.host_data_dir]
}

run "host_data_dir_root" {
  command = plan
  variables {
    host_data_dir = "/"
  }
  expect_failures = [var.host_data_dir]
}

run "name_suffix" {
  command = plan
  variables {
    name_suffix = "B_"
  }
  expect_failures = [var.name_suffix]
}

run "node_label" {
  command = plan
  variables {
    node_label = "disk"
  }
  expect_failures = [var.node_label]
}

run "namespace" {
  command = plan
  variables {
    namespace = "Kube System"
  }
  expect_failures = [var.namespace]
}

run "kubelet_dir" {
  command = plan
  variables {
    kubelet_dir = "kubelet"
  }
  expect_failures = [var.kubelet_dir]
}

run "sync_port" {
  command = plan
  variables {
    sync_port = 70000
  }
  expect_failures = [var.sync_port]
}

run "template_is_a_path" {
  command = plan
  variables {
    syncthing_default_config = "default_config.xml"
  }
  expect_failures = [var.syncthing_default_config]
}

run "short_key" {
  command = plan
  variables {
    syncthing_api_key = "short"
  }
  expect_failures = [var.syncthing_api_key]
}

run "key_with_a_blank" {
  command = plan
  variables {
    syncthing_api_key = "sixteen characters"
  }
  expect_failures = [var.syncthing_api_key]
}

run "secret_name" {
  command = plan
  variables {
    syncthing_secret_name = "No Secret"
  }
  expect_failures = [var.syncthing_secret_name]
}

run "pull_policy" {
  command = plan
  variables {
    images = { pull_policy = "Sometimes" }
  }
  expect_failures = [var.images]
}

run "resources_of_nobody" {
  command = plan
  variables {
    resources = { sidecar = {} }
  }
  expect_failures = [var.resources]
}

run "toleration" {
  command = plan
  variables {
    tolerations = { node = [{ operator = "Maybe" }] }
  }
  expect_failures = [var.tolerations]
}

run "reclaim_policy" {
  command = plan
  variables {
    storage_class = { reclaim_policy = "Recycle" }
  }
  expect_failures = [var.storage_class]
}

run "reclaim_policy_of_more" {
  command = plan
  variables {
    more_storage_classes = { kept = { reclaim_policy = "Recycle" } }
  }
  expect_failures = [var.more_storage_classes]
}

run "extra_values" {
  command = plan
  variables {
    extra_values = "health.port=1"
  }
  expect_failures = [var.extra_values]
}

run "socket_too_long" {
  command = plan
  variables {
    kubelet_dir = "/var/lib/kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"
  }
  expect_failures = [helm_release.driver]
}

run "data_in_the_kubelets_directory" {
  command = plan
  variables {
    host_data_dir = "/var/lib/kubelet/csi"
  }
  expect_failures = [helm_release.driver]
}

run "kubelet_in_the_data" {
  command = plan
  variables {
    host_data_dir = "/var/lib"
  }
  expect_failures = [helm_release.driver]
}

run "key_and_secret" {
  command = plan
  variables {
    syncthing_api_key     = "a-key-of-24-characters-x"
    syncthing_secret_name = "mine"
  }
  expect_failures = [helm_release.driver]
}
