output "driver_name" {
  description = "Name of the driver, for PersistentVolumes and StorageClasses of your own."
  value       = var.driver_name
  depends_on  = [helm_release.driver]
}

output "storage_label" {
  description = "Label of the nodes that keep copies: kubectl label node NODE <this>=yes."
  value       = "${var.driver_name}/syncthing-storage"
  depends_on  = [helm_release.driver]
}

output "storage_class" {
  description = "Name of the instance's first StorageClass, once it is there; null if it is not made."
  value       = var.storage_class.create ? coalesce(var.storage_class.name, "syncthing${local.suffix}") : null
  depends_on  = [helm_release.driver]
}

output "namespace" {
  description = "Namespace of the driver and of its custom resources."
  value       = helm_release.driver.namespace
}

output "release_name" {
  description = "Name of the Helm release."
  value       = helm_release.driver.name
}
