terraform {
  required_providers {
    helm = {
      source  = "hashicorp/helm"
      version = ">= 3.0"
    }
  }
}

provider "helm" {
  kubernetes = {
    config_path = "/etc/rancher/k3s/k3s.yaml"
  }
}

# K3s keeps the kubelet's usual directory. Its own class, local-path, is the default one of the cluster; take that away
# from it (kubectl annotate storageclass local-path storageclass.kubernetes.io/is-default-class-) before another is.
module "syncthing_csi" {
  source = "../.."

  # The disk of the agents' data, where there is one apart from the system's.
  host_data_dir = "/srv/syncthing-csi"
  images        = { driver = { repository = "registry.example.com/syncthing-csi" } }
  storage_class = { parameters = { replicas = "2" } }

  # Small machines.
  resources = {
    syncthing = { limits = { memory = "512Mi" } }
  }
  extra_values = {
    scrub = { bytesPerSecond = 4194304 }
  }
}
