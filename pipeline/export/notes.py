"""What a person who opens the folder has to know: what each file is, and what is not in them. French first."""

from __future__ import annotations

import msgspec

from pipeline.explain.words import NARROW, number_en, number_fr, plural_en, plural_fr
from pipeline.export.clean import clean
from pipeline.export.graph import MAX_THINGS, Graph
from schemas.alerts import Alert


class Note(msgspec.Struct, frozen=True):
    """Something that is left out or short."""

    code: str
    fr: str
    en: str


def notes(alert: Alert, graph: Graph, table: str, rows: int, total: int, max_pairs: int) -> list[Note]:
    """What is not in the files. `rows` of `total` were written."""
    said: list[Note] = []
    if rows < total:
        said.append(
            Note(
                "rows_cut",
                f"Seules les {number_fr(rows)} premières lignes sur {number_fr(total)} sont là, et le graphe ne "
                f"montre qu’elles{NARROW}; --max-rows en donne plus.",
                f"Only the first {number_en(rows)} of {number_en(total)} rows are here, and the graph shows these "
                "alone; --max-rows gives more.",
            )
        )
    if table == "posts" and total < alert.posts.count:
        said.append(
            Note(
                "posts_missing",
                f"L’alerte compte {plural_fr(alert.posts.count, 'message', 'messages')}, la base en rend "
                f"{number_fr(total)}{NARROW}: d’un grand groupe la requête ne liste que les premiers, et des messages "
                "peuvent avoir été oubliés ou être trop anciens.",
                f"The alert counts {plural_en(alert.posts.count, 'post', 'posts')}, the store gives "
                f"{number_en(total)}: of a large group the query lists the first ones only, and posts may have been "
                "forgotten or be too old.",
            )
        )
    if table == "fan_counts":
        said.append(
            Note(
                "who_came_unknown",
                "L’alerte repose sur des relevés du nombre d’abonnés"
                f"{NARROW}: ils ne disent pas qui est venu, le graphe n’a pas ces comptes.",
                "The alert rests on readings of the number of fans: they do not say who came, the graph lacks them.",
            )
        )
    if alert.accounts.count > len(graph.accounts):
        said.append(
            Note(
                "accounts_missing",
                f"L’alerte compte {plural_fr(alert.accounts.count, 'compte', 'comptes')}, le graphe en montre "
                f"{number_fr(len(graph.accounts))}.",
                f"The alert counts {plural_en(alert.accounts.count, 'account', 'accounts')}, the graph shows "
                f"{number_en(len(graph.accounts))}.",
            )
        )
    if graph.crowded:
        said.append(
            Note(
                "pairs_as_things",
                f"Ce que beaucoup de comptes ont en commun est un nœud du graphe, relié à chacun d’eux, plutôt qu’un "
                f"lien par paire{NARROW}: {number_fr(graph.crowded)} ici.",
                "What many accounts have in common is a node of the graph, tied to each of them, rather than a link "
                f"for each pair: {number_en(graph.crowded)} here.",
            )
        )
    if graph.left_out:
        said.append(
            Note(
                "links_left_out",
                f"{number_fr(graph.left_out)} liens ou choses communes n’ont pas trouvé place{NARROW}: le graphe a au "
                f"plus {number_fr(max_pairs)} liens (--max-pairs) et {number_fr(MAX_THINGS)} choses communes.",
                f"{number_en(graph.left_out)} links or things in common found no room: the graph has at most "
                f"{number_en(max_pairs)} links (--max-pairs) and {number_en(MAX_THINGS)} things in common.",
            )
        )
    return said


def read_me(alert: Alert, table: str, form: str, said: list[Note]) -> str:
    """`LISEZMOI.txt`."""
    files = {
        "accounts.csv": (
            "chaque compte, et ce qui le relie aux autres (colonne « liens »)",
            "each account, and what ties it to the others (column “links”)",
        ),
        "links.csv": (
            "chaque lien entre deux comptes, avec les deux messages qui le montrent",
            "each link between two accounts, with the two posts that show it",
        ),
        f"{table}.{form}": (
            "les lignes sur lesquelles repose l’alerte",
            "the rows on which the alert rests",
        ),
        "graph.graphml": (
            "les comptes et leurs liens, à ouvrir avec Gephi (Fichier, Ouvrir) ou networkx",
            "the accounts and their links, to be opened with Gephi (File, Open) or networkx",
        ),
        "alert.json": ("l’alerte entière, avec ses chiffres", "the whole alert, with its figures"),
    }
    width = max(map(len, files))
    fr = "\n".join(f"  {name:<{width}}  {words[0]}" for name, words in files.items())
    en = "\n".join(f"  {name:<{width}}  {words[1]}" for name, words in files.items())
    short_fr = "\n".join(f"  - {note.fr}" for note in said) or "  - rien"
    short_en = "\n".join(f"  - {note.en}" for note in said) or "  - nothing"
    return clean(
        f"VIGIE · {alert.alert_id}\n\n{alert.summary.fr}\n\nFichiers\n{fr}\n\nCe qui n’y est pas\n{short_fr}\n\n"
        "Une alerte n’est pas une preuve. Vérifiez quelques comptes à la main avant de conclure.\n"
        "Ces fichiers contiennent des données personnelles et ne s’effacent pas d’eux-mêmes"
        f"{NARROW}: supprimez-les\nquand la vérification est faite.\n"
        "Une apostrophe devant une cellule dit qu’un tableur l’aurait prise pour une formule.\n\n"
        f"{'—' * 60}\n\n{alert.summary.en}\n\nFiles\n{en}\n\nWhat is not in them\n{short_en}\n\n"
        "An alert is no proof. Check some accounts by hand before you conclude.\n"
        "These files hold personal data and do not go by themselves: delete them once you have checked.\n"
        "An apostrophe before a cell says that a spreadsheet would have taken it for a formula.\n"
    )
