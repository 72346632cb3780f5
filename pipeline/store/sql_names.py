"""Names of functions and system tables, sorted by what they reach."""

from __future__ import annotations


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


SAFE_TABLE_FUNCTIONS = _names(
    "format generate_series generaterandom generateseries null numbers numbers_mt primes values view "
    "zeros zeros_mt"
)
"""Table functions that make their rows from their arguments alone. Everything else is refused."""

KNOWN_TABLE_FUNCTIONS = SAFE_TABLE_FUNCTIONS | _names(
    "arrowstream azureblobstorage azureblobstoragecluster bigquery cluster clusterallreplicas cosn "
    "deltalake deltalakeazure deltalakeazurecluster deltalakecluster deltalakelocal deltalakes3 "
    "deltalakes3cluster dictionary eval executable file filecluster filesystem fuzzjson fuzzquery gcs "
    "hdfs hdfscluster hudi hudicluster iceberg icebergazure icebergazurecluster icebergcluster "
    "iceberghdfs iceberghdfscluster iceberglocal iceberglocalcluster icebergs3 icebergs3cluster input "
    "jdbc loop merge mergetreeanalyzeindexes mergetreeanalyzeindexesuuid mergetreecodecblockcounts "
    "mergetreeindex mergetreeprojection mergetreetextindex mongodb mysql odbc oss paimon paimonazure "
    "paimonazurecluster paimoncluster paimonhdfs paimonhdfscluster paimonlocal paimons3 paimons3cluster "
    "postgresql prometheusquery prometheusqueryrange python redis remote remotesecure s3 s3cluster "
    "sqlite timeseriesdata timeseriesmetricfamilies timeseriesmetrics timeseriessamples "
    "timeseriesselector timeseriestags url urlcluster urlwithheaders viewexplain viewifpermitted "
    "ytsaurus"
)
"""Table functions of ClickHouse 26.9, in lower case; the store adds those of the engine that it runs."""

_REFUSED_FUNCTIONS = _names(
    "addresstoline addresstolinewithinlines addresstosymbol catboostevaluate evalmlmethod file "
    "generateserialid getclienthttpheader getmacro getserversetting joinget joingetornull logtrace "
    "naivebayesclassifier naivebayesclassifierwithallprobs naivebayesclassifierwithprob showcertificate "
    "sleep sleepeachrow"
)
_REFUSED_PREFIXES = (
    "aiclassify", "aiembed", "aiextract", "aifilter", "aigenerate", "airedact", "aisimilarity",
    "aitranslate", "dictget", "dicthas", "dictisin", "zookeeper",
)  # fmt: skip


def is_refused_function(name: str) -> bool:
    """A scalar function, in lower case, that reads files, calls other services, or only holds a worker up."""
    return name in _REFUSED_FUNCTIONS or name.startswith(_REFUSED_PREFIXES)


SYSTEM_TABLES = _names(
    "aggregate_function_combinators build_options codecs collations columns completions constraints "
    "contributors data_skipping_indices data_type_families database_engines databases dictionaries "
    "formats functions keywords licenses macros merge_tree_settings numbers numbers_mt one parts "
    "settings table_engines table_functions tables time_zones unicode zeros zeros_mt"
)
"""System tables that clients and BI tools look at, and that show nothing of other people's queries or of
the machine."""

SHOW_WORDS = (
    "CHANGED", "COLUMNS", "CREATE", "DATABASES", "DICTIONARIES", "ENGINES", "EXTENDED", "FIELDS",
    "FULL", "FUNCTIONS", "INDEX", "INDEXES", "INDICES", "KEYS", "SETTING", "SETTINGS", "TABLE",
    "TABLES",
)  # fmt: skip
"""What a reader may SHOW."""

WRITING_WORDS = ("INSERT", "ALTER", "CREATE", "DROP", "DELETE", "UPDATE", "TRUNCATE", "OPTIMIZE", "RENAME")
"""Words that begin a statement that writes."""
