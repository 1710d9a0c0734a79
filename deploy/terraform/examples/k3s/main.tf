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

# K3s keeps the kubelet's usual directory. Its own class, local-path, is the default one of the cluster: start the
# servers with --disable=local-storage before another is. (Of an annotation taken from local-path K3s makes a new one at
# its next start.)
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
