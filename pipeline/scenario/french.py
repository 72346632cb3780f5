"""Everyday French as a grammar. `polish` sees to elision and contraction: rules may say « de le ami »."""

from __future__ import annotations

import re

from pipeline.scenario.grammar import Rules, words
from pipeline.scenario.names import FIRST_FR, TOWNS_FR

_VOWEL = r"(?=[aeiouâàéèêëîïôœAEIOUÂÉÈÊÎÔŒ]|h(?:iver|eure|ôtel|istoire|ôpital|oraire|erbe|orloge))"
_ELIDE = re.compile(rf"\b([dD]|[qQ]u|[lLjJnNmMtTsS])e {_VOWEL}|\b([lL])a {_VOWEL}")
_POSSESSIVE = re.compile(rf"\b([mts])a {_VOWEL}")
_DEMONSTRATIVE = re.compile(rf"\b([cC])e {_VOWEL}")
_CONTRACT = re.compile(r"\b(de|à) (le|les) ")
_CONTRACTED = {("de", "le"): "du ", ("de", "les"): "des ", ("à", "le"): "au ", ("à", "les"): "aux "}


def polish(text: str) -> str:
    """Makes « de le ami », « ma école », « ce arbitre » into French."""
    text = _ELIDE.sub(lambda m: (m[1] or m[2]) + "'", text)
    text = _POSSESSIVE.sub(r"\1on ", text)
    text = _DEMONSTRATIVE.sub(r"\1et ", text)
    return _CONTRACT.sub(lambda m: _CONTRACTED[m[1], m[2]], text)


RULES: Rules = {
    "first": FIRST_FR,
    "town": TOWNS_FR,
    "num": [
        str(n)
        for n in (2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 14, 15, 17, 18, 20, 23, 25, 30, 35, 40, 45, 60, 80, 90)
    ],
    "day": words("lundi | mardi | mercredi | jeudi | vendredi | samedi | dimanche"),
    "am": words(
        "tout neuf | hors de prix | mal fichu | d'occasion | introuvable | cassé | parfait | bizarre"
        " | ridicule | bleu canard | increvable | un peu bancal | inutile | génial | minuscule | en solde"
        " | interminable | raté | surcoté | sous-estimé | trop sucré | vert pomme | correct sans plus"
        " | préféré | maudit | fait maison | de secours | flambant neuf | fantôme | tombé du ciel | écolo"
        " | à moitié prix"
    ),
    "af": words(
        "toute neuve | hors de prix | mal fichue | d'occasion | introuvable | cassée | parfaite | bizarre"
        " | ridicule | bleu canard | increvable | un peu bancale | inutile | géniale | minuscule"
        " | en solde | interminable | ratée | surcotée | sous-estimée | trop sucrée | vert pomme"
        " | correcte sans plus | préférée | maudite | faite maison | de secours | flambant neuve | fantôme"
        " | tombée du ciel | écolo | à moitié prix"
    ),
    "kin": words(
        "frère | père | oncle | cousin | voisin | coloc | beau-père | parrain | filleul | pote | collègue"
        " | chef | grand-père | neveu | ancien prof | facteur | kiné | gardien"
    ),
    "kinf": words(
        "sœur | mère | tante | cousine | voisine | coloc | belle-mère | marraine | filleule"
        " | meilleure amie | collègue | cheffe | grand-mère | nièce | ancienne prof | factrice | dentiste"
        " | gardienne"
    ),
    "who": [
        "6*{first}",
        "3*mon {kin}",
        "3*ma {kinf}",
        "2*le {kin} de {first}",
        "2*la {kinf} de {first}",
        "{first} de {town}",
        "un {kin} de {town}",
        "mon {kin} {first}",
        "ma {kinf} {first}",
    ],
    "mod": [
        "2*de {town}",
        "2*de {first}",
        "2*de mon {kin}",
        "2*de ma {kinf}",
        "de {day} dernier",
        "à {num} euros",
        "d'il y a {num} ans",
        "près de {town}",
        "du {num}",
        "acheté à {town}",
        "prévu {day}",
        "numéro {num}",
    ],
    "modf": [
        "2*de {town}",
        "2*de {first}",
        "2*de mon {kin}",
        "2*de ma {kinf}",
        "de {day} dernier",
        "à {num} euros",
        "d'il y a {num} ans",
        "près de {town}",
        "du {num}",
        "trouvée à {town}",
        "prévue {day}",
        "numéro {num}",
    ],
    "np": [
        "3*le {nm} {mod}",
        "3*la {nf} {modf}",
        "2*un {nm} {am}",
        "2*une {nf} {af}",
        "ce {nm} {am}",
        "cette {nf} {af}",
        "mon {nm} {am}",
        "ma {nf} {af}",
        "le {nm} {am} {mod}",
        "la {nf} {af} {modf}",
        "le {nm} et la {nf}",
        "la {nf} sans le {nm}",
        "leur {nm} {am}",
        "votre {nf} {af}",
    ],
    "v3": words(
        "a encore perdu | vient de retrouver | a revendu | cherche toujours | adore | a cassé | a oublié"
        " | garde | râle sur | a photographié | veut échanger | a réparé | défend | n'a jamais vu"
        " | a caché | collectionne | a gagné | s'est moqué de | rêve de | compare tout à | a dessiné"
        " | m'a prêté | nous a décrit | a négocié | regrette | a fini par rendre | se méfie de"
        " | croit encore à | a renversé | a filmé | critique | attend | a commandé | ne jure que par"
        " | a rapporté | surveille | a confondu avec un rêve | s'endort devant | a hérité de"
        " | parle en boucle de | a presque brûlé | a repeint | milite pour | a zappé | imite | a testé"
        " | a débranché | a emballé | trimballe | vante"
    ),
    "je": words(
        "je cherche | j'ai enfin trouvé | je ne supporte plus | j'ai raté | je découvre | je regrette"
        " | j'ai testé | je recommande | j'attends | j'ai failli acheter | je comprends rien à"
        " | j'ai rêvé de | je rends | je préfère | j'ai reçu | je partage | je prépare | j'ai offert"
        " | je redoute | je valide | j'ai hérité de | je dois réparer | je n'oublierai jamais | j'ai vendu"
        " | je fuis | j'ai retrouvé | je surveille | je suis nul avec | j'ai survécu à | je zappe"
        " | je tente | j'ai recommencé | je dis oui à | je remercie | j'ai pleuré devant"
        " | je me suis trompé de | j'ai dormi avec | j'économise pour | je parie sur | je boycotte"
        " | j'avais raison sur | je note"
    ),
    "on": words(
        "on a monté | on cherche | on s'est perdus avec | on se bat avec | on a fêté | on réclame"
        " | on attend | on a visité | on partage | on a voté pour | on nous a promis | on débat de"
        " | on a vidé | on garde | on a ri de | on a tout misé sur | on discute de | on a remplacé"
        " | on nous a volé | on se dispute | on a prêté | on paie encore | on mérite | on redécouvre"
        " | on s'accroche à | on a goûté | on a enterré | on s'excuse pour | on a changé | on refait"
    ),
    "vp": words(
        "vaut le détour | me rend dingue | tient à peine debout | mérite mieux | change la vie"
        " | fait débat | coûte un bras | marche mal | arrive toujours en retard | fait l'unanimité"
        " | me stresse | sent le neuf | tombe à pic | part en vrille | sauve ma semaine"
        " | n'intéresse personne | fait un de ces bruits | me rappelle mon enfance"
        " | devient n'importe quoi | reste un mystère | prend toute la place | a disparu"
        " | fait rire tout le quartier | ne sert à rien | me coûte une fortune | a bien vieilli"
        " | a pris cher | me suffit | passe crème | donne faim | donne mal au crâne | brille dans le noir"
        " | est trop grand | m'a bluffé | résiste à tout | provoque des jaloux | a sauvé la soirée"
        " | ralentit tout | me manque déjà | a fait fuir le chat"
    ),
    "judge": words(
        "quelle galère | je suis mort de rire | c'est du grand art | ça suffit maintenant"
        " | franchement bravo | rien à redire | à ne pas refaire | je m'en remets pas | ça promet"
        " | quelle belle surprise | on vit une époque formidable | merci pour rien | c'est pas gagné"
        " | j'ai honte | je dis ça je dis rien | un vrai bonheur | la loose totale | le rêve"
        " | tout va bien | personne ne m'avait prévenu | je vous raconte pas | ça m'apprendra"
        " | et encore je suis gentil | c'est cadeau | j'en veux encore | demain je reste au lit"
        " | mon compte en banque pleure | les vrais savent | je ne juge pas | respect | j'en peux plus"
        " | à suivre | ça fait plaisir | vivement le week-end | sans transition | quel enfer"
        " | trop content | ma journée est faite | c'est non | bref | je retourne dormir"
        " | vous en pensez quoi | preuve à l'appui | on y croit | plus jamais ça | jackpot | quelle idée"
        " | au secours"
    ),
    "open": words(
        "bon | alors | franchement | sinon | petit rappel | info du jour | bilan | dites | honnêtement"
        " | question bête | pour info | coup de gueule | anecdote | non mais | sérieux | les gens"
        " | confession | astuce | hier encore | scène de vie | devinette | plot twist | urgent | à {town}"
        " | mood du {day} | instant culture | ptdr | wesh | voilà | ok donc | PSA | {first} si tu me lis"
        " | message à {first} | avis perso | team {town} | minute râleur | constat | théorie | aveu"
        " | dilemme | breaking | point météo mental | d'après {first} | note à moi-même"
    ),
    "time": words(
        "ce matin | hier soir | depuis {day} | à midi | cette nuit | la semaine dernière | à {num} ans"
        " | en {num} minutes | pendant la pause | tous les {day}s | avant le petit-déj | après {num} jours"
        " | au réveil | en pleine visio | entre deux averses | depuis ce matin | vers minuit | en rentrant"
        " | à peine levé | il y a {num} jours | comme chaque {day} | juste avant de partir"
        " | au bout de {num} essais | à l'heure du goûter | pour la {num}e fois | un {day} sur deux"
        " | le mois dernier | dès l'aube | pendant les vacances | tout à l'heure"
    ),
    "spot": words(
        "à {town} | à {town} | à {town} | chez {first} | chez {first} | devant la gare de {town}"
        " | au marché de {town} | sur la route de {town} | dans le salon | sur le balcon"
        " | au fond du jardin | dans le bus {num} | chez ma {kinf} | chez mon {kin} | au bureau"
        " | derrière la mairie | à la sortie de {town} | dans l'ascenseur | au 3e étage"
        " | en bas de chez {first} | au café | sur le parking | dans la cave | entre {town} et {town}"
        " | sous la pluie | pendant {num} minutes | devant tout le monde | avec {first} | avec mon {kin}"
        " | sans {first} | grâce à {first}"
    ),
    "link": words(
        "mais | et | du coup | alors que | parce que | sauf que | pendant que | et en plus | donc | sinon"
        " | vu que | même si | tandis que | et pourtant | puisque | le jour où | depuis que"
        " | sans compter que | quand"
    ),
    "ask": words(
        "quelqu'un a déjà vu | vous gardez où | qui échange | on répare comment | ça vaut quoi"
        " | combien pour | vous connaissez | qui a piqué | c'est normal | on jette où | qui veut adopter"
        " | que faire de | une adresse pour | comment choisir | comment nommer | qui se souvient de"
        " | je remplace par quoi | pourquoi | vous mettez combien dans | c'est légal | qui prête"
        " | on fête quand | plutôt chocolat ou | il est où | qui revend"
    ),
    "said": words(
        "jure que | m'a dit que | prétend que | a crié que | pense que | est persuadé que | soutient que"
        " | a tweeté que | explique partout que | admet que | promet que | a fini par avouer que"
        " | répète que | a parié que | se plaint que"
    ),
    "c": [
        "4*{who} {v3} {np}",
        "4*{je} {np}",
        "3*{on} {np}",
        "3*{np} {vp}",
        "2*{who} {said} {np} {vp}",
        "{num} euros pour {np}",
        "{num} heures de queue pour {np}",
        "{np} ou {np}",
        "fini {np} {spot}",
        "paraît que {np} {vp} {spot}",
    ],
    "tail": [
        "{spot}",
        "{time}",
        "2*{link} {c}",
        "{spot} {time}",
        "{link} {c} {spot}",
        "{link} {who} {v3} {np}",
    ],
    "end": [".", "2*", "!", " !", "…", "2*.", " !!", " 😅", " 🙃"],
    "post": [
        "3*{open}, {c} {link} {c}{end}",
        "3*{time} {c} {spot}. {judge}{end}",
        "2*{c} {spot} {link} {c}{end}",
        "2*{c}, {judge}. {c}{end}",
        "2*{time}, {c} {tail}{end}",
        "2*{ask} {np} ? {c}{end}",
        "{ask} {np} {spot} ? {judge}",
        "{c}. {c}. {judge}{end}",
        "{judge} : {c} {tail}{end}",
        "{open} : {c} {tail}{end}",
        "{who} : « {c} ». {judge}{end}",
        "{c} {link} {c} {link} {c}{end}",
        "{judge}, {time} {c} {spot}{end}",
        "{c} {tail}, {judge}{end}",
    ],
    "middling": [
        "2*{open}, {who} {v3} {np}{end}",
        "2*{who} {v3} {np} {spot}{end}",
        "{c} {spot}, {judge}{end}",
        "{ask} {np} {spot} ?",
        "{time} {who} {v3} {np}{end}",
        "{judge}, {c} {spot}{end}",
        "{open}, {np} {vp} {spot}{end}",
        "{np} !",
    ],
    "long": [
        "{post} {post} {post}",
        "Bonjour à tous. {post} {post}",
        "{post} {c}. {ask} {np} ? {post}",
        "{post} {post} Merci d'avance.",
        "{post} {c} {tail}. {post} {post}",
    ],
    "short": words(
        "mdr | ptdr | trop bien | grave | carrément | jpp | excellent | magnifique | bravo | merci !"
        " | même chose ici | +1 | tellement vrai | n'importe quoi | ah bon ? | la classe | j'adore"
        " | énorme | je confirme | bien dit | ok | faux | source ? | quelle tristesse | courage"
        " | trop mignon | je valide | c'est clair | hein ? | première nouvelle | pas mal | quel talent"
        " | 😂😂😂 | 👏👏 | ❤️ | 🔥🔥 | lol | oh non | enfin ! | vivement demain | merci {first}"
        " | bravo {first}"
        " | exactement {first} | viens à {town} | on se voit {day} ? | bisous de {town}"
        " | c'est {num} euros | Bonne journée à tous | Bonne soirée à tous | Bonne nuit"
        " | joyeux anniversaire {first} | bon {day} | bon appétit | Bonjour à tous ☀️"
        " | bon courage {first} | bonne fête {first} | félicitations {first}"
    ),
    "reply": [
        "3*{short}",
        "2*{who} aussi {v3} {np} {spot}{end}",
        "non, {np} {vp} {tail}{end}",
        "{je} {np} {tail}{end}",
        "{judge}, {je} {np} {spot}{end}",
        "pareil, {on} {np} {spot}{end}",
        "{judge}{end}",
        "et {np} ?",
        "{ask} {np} {spot} ?",
        "oui mais {c} {tail}{end}",
    ],
}
