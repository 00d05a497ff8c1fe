// Command fold writes the Go files of a folder as they would be if one break were the code itself: `if broken("NAME")` is
// replaced by the branch that is taken, and what nothing refers to any more is left out, comments too: they say where to
// look. Usage: fold -break NAME -from DIR -to DIR.
package main

import (
	"flag"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"log"
	"os"
	"path/filepath"
	"strconv"
)

func main() {
	name := flag.String("break", "", "the break that is switched on")
	from := flag.String("from", ".", "folder of the program")
	to := flag.String("to", "", "folder to write to")
	flag.Parse()
	files, err := filepath.Glob(filepath.Join(*from, "*.go"))
	if err != nil || *to == "" {
		log.Fatal("usage: fold -break NAME -from DIR -to DIR")
	}
	set := token.NewFileSet()
	var parsed []*ast.File
	for _, path := range files {
		file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			log.Fatal(err)
		}
		foldFile(file, *name)
		parsed = append(parsed, file)
	}
	for dropUnused(parsed) {
	}
	for at, file := range parsed {
		dropUnusedImports(file)
		if err := write(set, file, filepath.Join(*to, filepath.Base(files[at]))); err != nil {
			log.Fatal(err)
		}
	}
	for _, other := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(*from, other))
		if err == nil {
			err = os.WriteFile(filepath.Join(*to, other), text, 0o644)
		}
		if err != nil {
			log.Fatal(err)
		}
	}
}

func write(set *token.FileSet, file *ast.File, path string) error {
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	defer out.Close()
	return format.Node(out, set, file)
}

func foldFile(file *ast.File, name string) {
	ast.Inspect(file, func(node ast.Node) bool {
		switch list := node.(type) {
		case *ast.BlockStmt:
			list.List = foldList(list.List, name)
		case *ast.CaseClause:
			list.Body = foldList(list.Body, name)
		case *ast.CommClause:
			list.Body = foldList(list.Body, name)
		}
		return true
	})
}

func foldList(list []ast.Stmt, name string) []ast.Stmt {
	var folded []ast.Stmt
	for _, statement := range list {
		taken, isFolded := takeBranch(statement, name)
		if !isFolded {
			folded = append(folded, statement)
			continue
		}
		folded = append(folded, foldList(taken, name)...)
		if len(taken) > 0 {
			if _, ends := taken[len(taken)-1].(*ast.ReturnStmt); ends {
				break
			}
		}
	}
	return folded
}

// takeBranch: the statements of the branch that broken("…") chooses.
func takeBranch(statement ast.Stmt, name string) ([]ast.Stmt, bool) {
	branch, ok := statement.(*ast.IfStmt)
	if !ok || branch.Init != nil {
		return nil, false
	}
	condition, wanted := branch.Cond, true
	if not, isNot := condition.(*ast.UnaryExpr); isNot && not.Op == token.NOT {
		condition, wanted = not.X, false
	}
	call, ok := condition.(*ast.CallExpr)
	if !ok || len(call.Args) != 1 {
		return nil, false
	}
	function, isName := call.Fun.(*ast.Ident)
	text, isText := call.Args[0].(*ast.BasicLit)
	if !isName || function.Name != "broken" || !isText {
		return nil, false
	}
	asked, err := strconv.Unquote(text.Value)
	if err != nil {
		return nil, false
	}
	if (asked == name) == wanted {
		return branch.Body.List, true
	}
	switch other := branch.Else.(type) {
	case *ast.BlockStmt:
		return other.List, true
	case *ast.IfStmt:
		return []ast.Stmt{other}, true
	}
	return nil, true
}
