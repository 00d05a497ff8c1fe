// Command tiny exists to have build information in it: a main module with a
// major version, a replaced dependency, settings.
package main

import "example.com/dep"

func main() { println(dep.Word()) }
