// Package addon is what a new cluster gets at once: its DNS and its default StorageClass.
package addon
