module sightline/gofacts

go 1.22
