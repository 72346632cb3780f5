"""What people talk about: the things of each topic, in French by gender and in English."""

from __future__ import annotations

from typing import NamedTuple

from pipeline.scenario.grammar import Rules, words


class Topic(NamedTuple):
    """Nouns without article: French masculine, French feminine, English."""

    masculine: tuple[str, ...]
    feminine: tuple[str, ...]
    english: tuple[str, ...]


def _topic(masculine: str, feminine: str, english: str) -> Topic:
    return Topic(words(masculine), words(feminine), words(english))


TOPICS: dict[str, Topic] = {
    "trains": _topic(
        "train | TER | contrôleur | quai | abonnement de train | billet | guichet | tram | bus de nuit"
        " | tunnel | wagon-bar | passage à niveau | strapontin | panneau d'affichage | portique",
        "correspondance | gare routière | rame | ligne 12 | carte de transport | voiture silencieuse"
        " | grève | salle d'attente | place côté fenêtre | navette | annonce au micro | voie unique",
        "train | night bus | platform | ticket machine | quiet coach | season ticket | tram line"
        " | timetable | level crossing | departure board | railcard | conductor | seat reservation"
        " | waiting room | tunnel | rail replacement bus | connection | barrier | luggage rack"
        " | branch line",
    ),
    "telecom": _topic(
        "forfait | routeur | technicien | opérateur | réseau mobile | chargeur | écran | service client"
        " | débit | contrat | conseiller en ligne | numéro masqué | câble de la box | téléphone pliable",
        "fibre | box | facture | hotline | carte SIM | antenne | batterie | prise murale | application"
        " | messagerie vocale | coque de téléphone | mise à jour | option télé",
        "router | phone plan | fibre line | call centre | charger | cracked screen | voicemail"
        " | engineer visit | data cap | SIM card | landline | contract | update | roaming bill"
        " | password reset | group chat | spam caller | signal booster | delivery slot | tablet",
    ),
    "cooking": _topic(
        "gratin | curry de lentilles | levain | marché | fromage de chèvre | couscous | gâteau au yaourt"
        " | four | velouté | plat du jour | boulanger | sandwich | chocolat noir | pain de mie | wok"
        " | citron confit",
        "ratatouille | tarte au citron | quiche | recette | pâte feuilletée | poêle | soupe | raclette"
        " | cocotte | sauce au poivre | purée | brioche | crêpe | salade de pois chiches | confiture"
        " | épicerie",
        "lasagne | sourdough | lentil curry | roast | air fryer | corner bakery | chilli | banana bread"
        " | risotto | casserole | pancake batter | farmers' market | soup | pie crust | frying pan"
        " | cheese board | dumpling | marmalade | brownie | spice rack | oven",
    ),
    "football": _topic(
        "gardien | penalty | arbitre | entraîneur | derby | maillot extérieur | poteau | virage nord"
        " | mercato | milieu de terrain | ballon | stade | carton rouge | capitaine | attaquant"
        " | but refusé",
        "défense | mi-temps | tribune | finale | compo | touche | frappe | surface | barre | pelouse"
        " | sélection | ligue | séance vidéo | tête",
        "keeper | penalty | referee | gaffer | derby | away shirt | back four | set piece | offside trap"
        " | bench | transfer window | season opener | pitch | captain | midfield | away end | cup draw"
        " | red card | clean sheet | crossbar",
    ),
    "series": _topic(
        "épisode | générique | acteur principal | documentaire | dénouement | film d'animation"
        " | plateau télé | thriller | personnage secondaire | reportage | doublage | cinéma de quartier"
        " | suspense | remake",
        "saison | bande-annonce | série | scène de fin | comédie | émission | réalisatrice | adaptation"
        " | rediffusion | intrigue | actrice | version longue | chaîne | musique du film",
        "finale | trailer | pilot episode | documentary | plot twist | spin-off | soundtrack | crime drama"
        " | director's cut | reboot | box set | villain | quiz show | animated film | sitcom | cliffhanger"
        " | book adaptation | subtitle track | courtroom scene | opening credit",
    ),
    "music": _topic(
        "concert | album | refrain | vinyle | festival | casque | morceau | batteur | duo | clip"
        " | piano droit | rappel | karaoké | synthé | groupe | rappeur | couplet",
        "guitare | playlist | tournée | chanson | basse | voix | première partie | chorale | pochette"
        " | reprise | fanfare | salle de concert | mélodie | platine",
        "chorus | vinyl | gig | album | playlist | encore | bass line | support act | drum kit | choir"
        " | headphone | festival line-up | cover version | tour date | lyric sheet | synth | record shop"
        " | brass band | second verse | mixtape",
    ),
    "games": _topic(
        "boss | patch | serveur | mode histoire | jeu de société | contrôleur sans fil | niveau | donjon"
        " | classement | tournoi | simulateur | succès caché | loot | plateau de jeu | pixel art",
        "manette | partie classée | console | extension | sauvegarde | quête | map | équipe adverse | bêta"
        " | cinématique | manche | borne d'arcade | difficulté | compétition | guilde",
        "boss fight | patch note | save file | side quest | ranked match | console | controller"
        " | expansion | speedrun | skill tree | loading screen | board game | dungeon | leaderboard"
        " | co-op mode | beta key | arcade cabinet | frame rate | loot drop | tutorial level",
    ),
    "garden": _topic(
        "potager | compost | cerisier | orage | brouillard | verglas | rosier | arrosoir | basilic"
        " | hérisson | thermomètre | figuier | paillage | ciel | soleil | coucher de soleil",
        "pluie | serre | tondeuse | haie | canicule | glycine | gelée | neige | pelouse | lavande"
        " | terrasse | courgette | météo | rafale | tomate | mangeoire",
        "compost heap | greenhouse | hedge | allotment | thunderstorm | rose bush | fog | heatwave"
        " | lawnmower | tomato plant | bird feeder | frost | garden shed | watering can | drizzle"
        " | fig tree | sunset | rain barrel | hedgehog | wind chill",
    ),
    "school": _topic(
        "prof de maths | devoir | bulletin | exposé | cartable | concours | cours d'anglais"
        " | contrôle surprise | examen | mémoire | amphi | brevet | surveillant | tableau blanc | dortoir"
        " | stage",
        "cantine | dissertation | rentrée | récré | fac | bibliothèque | interro | prof de physique"
        " | licence | sortie scolaire | note | classe | réunion parents-profs | dictée | trousse | bourse",
        "essay | exam timetable | lecture hall | school run | maths teacher | packed lunch | dissertation"
        " | pop quiz | library card | field trip | report card | seminar | student loan | group project"
        " | homework | parents' evening | lab report | thesis | locker | assembly",
    ),
    "work": _topic(
        "patron | télétravail | open space | tableur | CV | pot de départ | badge | stagiaire | planning"
        " | entretien | collègue du fond | rapport | mail de relance | congé | fauteuil de bureau"
        " | ascenseur",
        "réunion | machine à café | imprimante | visio | prime | formation | paie | mission"
        " | pause déjeuner | présentation | direction | note de frais | deadline | équipe | comptable"
        " | photocopieuse",
        "stand-up meeting | spreadsheet | line manager | printer | inbox | job interview | payslip"
        " | open office | video call | coffee machine | deadline | leaving do | expense report | intern"
        " | rota | onboarding | performance review | desk chair | lift | slide deck",
    ),
    "town": _topic(
        "conseil municipal | maire | marché couvert | rond-point | budget | parking | tri sélectif"
        " | chantier | kiosque | lampadaire | square | bureau de poste | centre-ville | dépôt sauvage"
        " | gymnase | pont",
        "mairie | piste cyclable | place du marché | médiathèque | taxe foncière | zone piétonne | halle"
        " | réunion publique | voirie | fontaine | école du quartier | brocante | ruelle | déchetterie"
        " | pétition | passerelle",
        "town hall | roundabout | council meeting | car park | bike lane | high street | library | pothole"
        " | planning notice | street market | bin day | footbridge | leisure centre | post office"
        " | bandstand | bus shelter | council tax | neighbourhood watch | jumble sale | speed bump",
    ),
    "wheels": _topic(
        "vélo électrique | garage | contrôle technique | pneu avant | plein d'essence | casque de vélo"
        " | GPS | covoiturage | périph | klaxon | embrayage | pare-brise | camion | radar | antivol"
        " | scooter",
        "voiture | trottinette | vidange | roue arrière | assurance auto | file de gauche | chaîne de vélo"
        " | rocade | borne de recharge | vignette | moto | remorque | boîte de vitesses | amende"
        " | station-service | portière",
        "e-bike | MOT test | front tyre | ring road | charging point | gearbox | parking fine | cargo bike"
        " | windscreen | petrol price | sat nav | helmet | motorway queue | scooter | bike lock | clutch"
        " | breakdown cover | roof rack | dashboard light | car boot",
    ),
    "animals": _topic(
        "chat | chien | lapin | véto | poisson rouge | pigeon | panier | écureuil | perroquet | collier"
        " | refuge | chaton | canari | furet | arbre à chat | âne",
        "tortue | litière | laisse | poule | gamelle | mouette | chienne | souris | vétérinaire"
        " | promenade | adoption | araignée | abeille | niche | puce | ruche",
        "cat | puppy | vet bill | rabbit hutch | goldfish | squirrel | litter tray | rescue dog | parrot"
        " | seagull | dog lead | hamster wheel | tortoise | pigeon | kitten | beehive | fox"
        " | scratching post | chicken coop | donkey",
    ),
    "shopping": _topic(
        "colis | pull en laine | livreur | bon de réduction | manteau | sac à dos | prix | rayon bio"
        " | panier | magasin | jean | caddie | ticket de caisse | parfum | point relais | parapluie",
        "livraison | veste | paire de baskets | promo | caisse automatique | taille 38 | montre | écharpe"
        " | robe | boutique | marque | étiquette | couette | lampe | friperie | garantie",
        "parcel | wool jumper | courier | discount code | winter coat | backpack | self-checkout | refund"
        " | pair of trainers | scarf | charity shop | receipt | umbrella | watch strap | delivery window"
        " | duvet | gift card | warranty | raincoat | queue",
    ),
    "home": _topic(
        "lave-vaisselle | plombier | canapé | papier peint | voisin du dessus | chauffage | placard"
        " | escalier | loyer | matelas | évier | syndic | interphone | grenier | parquet | rideau",
        "chaudière | cave | fuite | machine à laver | étagère | peinture | douche | facture d'électricité"
        " | clé | fenêtre | moquette | visseuse | baignoire | cheminée | notice de montage | coloc",
        "dishwasher | plumber | sofa | wallpaper | upstairs neighbour | boiler | cupboard | staircase"
        " | rent | mattress | leaky tap | letting agent | loft | flat-pack shelf | drill | smoke alarm"
        " | curtain rail | washing machine | key safe | fireplace",
    ),
    "health": _topic(
        "dentiste | sommeil | kiné | footing | marathon | yoga | rhume | rendez-vous médical | réveil"
        " | dos | régime | cours de natation | pansement | pollen | médecin | tapis de sport",
        "migraine | salle de sport | piscine | ordonnance | grippe | pharmacie | sieste | allergie"
        " | cheville | balance | randonnée | tisane | course à pied | vaccination | nuit blanche | ostéo",
        "dentist | sleep pattern | physio | morning run | marathon | yoga class | cold | GP appointment"
        " | alarm | back pain | gym bag | swimming lesson | hay fever | ankle | pharmacy queue"
        " | half marathon | herbal tea | flu jab | migraine | hiking boot",
    ),
}


def things(lang: str, topic: str | None) -> Rules:
    """The rules for the things of a topic, or of all topics: `nm` and `nf` in French, `n` in English."""
    chosen = list(TOPICS.values()) if topic is None else [TOPICS[topic]]
    if lang == "fr":
        return {
            "nm": [noun for one in chosen for noun in one.masculine],
            "nf": [noun for one in chosen for noun in one.feminine],
        }
    return {"n": [noun for one in chosen for noun in one.english]}
