// What most files of Hyperscan's compiler include first: parsed once instead of 190 times.
#include "config.h"
#include "ue2common.h"

#include <algorithm>
#include <deque>
#include <map>
#include <queue>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "nfagraph/ng_holder.h"
#include "nfagraph/ng_util.h"
#include "rose/rose_build_impl.h"
