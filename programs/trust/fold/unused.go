package main

import (
	"go/ast"
	"go/token"
	"slices"
	"strconv"
	"strings"
)

// dropUnused leaves out functions, types with their methods, and fields whose names are used nowhere. It goes by names
// alone, so it may keep too much; true where something went.
func dropUnused(files []*ast.File) bool {
	uses := countUses(files)
	isUnused := func(name string) bool {
		return uses[name] == 0 && !ast.IsExported(name) && name != "main" && name != "init" && name != "_"
	}
	dropped := false
	note := func(drop bool) bool {
		dropped = dropped || drop
		return drop
	}
	for _, file := range files {
		file.Decls = slices.DeleteFunc(file.Decls, func(declaration ast.Decl) bool {
			switch one := declaration.(type) {
			case *ast.FuncDecl:
				return note(isUnused(one.Name.Name) || isUnused(receiverName(one)))
			case *ast.GenDecl:
				if one.Tok != token.TYPE {
					return false
				}
				one.Specs = slices.DeleteFunc(one.Specs, func(spec ast.Spec) bool {
					return note(isUnused(spec.(*ast.TypeSpec).Name.Name))
				})
				return len(one.Specs) == 0
			}
			return false
		})
		ast.Inspect(file, func(node ast.Node) bool {
			if structure, ok := node.(*ast.StructType); ok {
				structure.Fields.List = slices.DeleteFunc(structure.Fields.List, func(field *ast.Field) bool {
					return note(len(field.Names) == 1 && isUnused(field.Names[0].Name))
				})
			}
			return true
		})
	}
	return dropped
}

// countUses counts identifiers where they do not declare.
func countUses(files []*ast.File) map[string]int {
	uses := map[string]int{}
	for _, file := range files {
		ast.Inspect(file, func(node ast.Node) bool {
			switch one := node.(type) {
			case *ast.Ident:
				uses[one.Name]++
			case *ast.FuncDecl:
				uses[one.Name.Name]--
				uses[receiverName(one)]--
			case *ast.TypeSpec:
				uses[one.Name.Name]--
			case *ast.StructType:
				for _, field := range one.Fields.List {
					for _, name := range field.Names {
						uses[name.Name]--
					}
				}
			}
			return true
		})
	}
	return uses
}

// receiverName: the type that a method is of; "_" for a function.
func receiverName(function *ast.FuncDecl) string {
	if function.Recv == nil {
		return "_"
	}
	of := function.Recv.List[0].Type
	if pointer, ok := of.(*ast.StarExpr); ok {
		of = pointer.X
	}
	if name, ok := of.(*ast.Ident); ok {
		return name.Name
	}
	return "_"
}

func dropUnusedImports(file *ast.File) {
	used := map[string]bool{}
	ast.Inspect(file, func(node ast.Node) bool {
		if selector, ok := node.(*ast.SelectorExpr); ok {
			if name, ok := selector.X.(*ast.Ident); ok {
				used[name.Name] = true
			}
		}
		return true
	})
	for _, declaration := range file.Decls {
		imports, ok := declaration.(*ast.GenDecl)
		if !ok || imports.Tok != token.IMPORT {
			continue
		}
		var kept []ast.Spec
		for _, spec := range imports.Specs {
			if name := importName(spec.(*ast.ImportSpec)); name == "_" || used[name] {
				kept = append(kept, spec)
			}
		}
		imports.Specs = kept
	}
}

// importName: the name that the package goes by in the file; by the last element of its path that is no version.
func importName(spec *ast.ImportSpec) string {
	if spec.Name != nil {
		return spec.Name.Name
	}
	path, _ := strconv.Unquote(spec.Path.Value)
	parts := strings.Split(path, "/")
	last := parts[len(parts)-1]
	return strings.TrimSuffix(last, ".go")
}
