// npm run bench: every benchmark in turn. Each can also be run alone with tsx.
import "./gemm";
import "./training";
import "./topology";
