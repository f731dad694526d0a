// Boost.JSON, compiled once for the programs: the library keeps its own copy to itself.
#include <boost/json/src.hpp>
