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
    config_path = "~/.kube/config"
  }
}

module "syncthing_csi" {
  source = "../.."

  images = {
    driver = { repository = "registry.example.com/syncthing-csi" }
  }
  storage_class = {
    is_default = true
    parameters = { replicas = "2" }
  }
  more_storage_classes = {
    syncthing-archive = { parameters = { onDelete = "archive" } }
  }
}

output "label_your_nodes" {
  value = "kubectl label node NODE ${module.syncthing_csi.storage_label}=yes"
}
