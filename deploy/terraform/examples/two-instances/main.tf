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

# Both may run on the same nodes. They have nothing in common: names, labels, directories, namespaces, keys.
module "fast" {
  source = "../.."

  driver_name   = "fast.syncthing.example.com"
  host_data_dir = "/mnt/ssd/syncthing-csi"
  name_suffix   = "fast"
  namespace     = "syncthing-csi-fast"
  node_label    = "disk=ssd"
  images        = { driver = { repository = "registry.example.com/syncthing-csi" } }
}

module "large" {
  source = "../.."

  driver_name   = "large.syncthing.example.com"
  host_data_dir = "/mnt/hdd/syncthing-csi"
  name_suffix   = "large"
  namespace     = "syncthing-csi-large"
  images        = { driver = { repository = "registry.example.com/syncthing-csi" } }
}

output "storage_classes" {
  value = [module.fast.storage_class, module.large.storage_class]
}
