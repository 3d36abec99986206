// Every file of operations: each adds its methods to Tensor.

import "./arithmetic";
import "./convolution";
import "./counting";
import "./elementwise";
import "./indexing";
import "./layout";
import "./masks";
import "./matmul";
import "./order";
import "./pad";
import "./pooling";
import "./reduce";
import "./scan";
