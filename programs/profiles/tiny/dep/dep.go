// Package dep is a dependency, replaced by a folder.
package dep

// Word is used, so that the module is linked in.
func Word() string { return "dep" }
