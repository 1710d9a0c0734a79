terraform {
  required_version = ">= 1.5"

  required_providers {
    # Configured by the caller: the block looks different from version 3.0 on.
    helm = {
      source  = "hashicorp/helm"
      version = ">= 1.3.2"
    }
  }
}
