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

variable "syncthing_api_key" {
  description = "The same on every node, to look at Syncthing's API by hand."
  type        = string
  sensitive   = true
}

module "syncthing_csi" {
  source = "../.."

  syncthing_default_config = file("${path.module}/default_config.xml")
  syncthing_api_key        = var.syncthing_api_key
  images                   = { driver = { repository = "registry.example.com/syncthing-csi" } }
}
