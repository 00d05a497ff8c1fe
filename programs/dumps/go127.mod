// For -modfile: the same programs under the defaults that a module of Go 1.27
// gets, pprof labels in tracebacks among them.
module example.com/dumps

go 1.27
