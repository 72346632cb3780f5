"""First names, family names and towns. People are made by drawing from these; nobody real is meant."""

from __future__ import annotations

from pipeline.scenario.grammar import words

FIRST_FR = words(
    "Adèle | Adrien | Agathe | Alban | Alice | Aline | Amandine | Amine | Anaïs | Antoine | Arthur"
    " | Astrid | Aurore | Axel | Basile | Bastien | Bérénice | Blanche | Brahim | Camille | Capucine"
    " | Cédric | Célia | Charline | Chloé | Clara | Clément | Clotilde | Coline | Cyril | Damien | Daphné"
    " | Denis | Diane | Dorian | Édith | Élise | Éloi | Émile | Enzo | Estelle | Étienne | Eva | Fabien"
    " | Fanny | Farid | Flavie | Florent | Gabin | Gaëlle | Garance | Gaspard | Gilles | Guillaume"
    " | Hadrien | Hélène | Hugo | Imane | Inès | Ismaël | Jade | Joris | Judith | Jules | Karim | Katia"
    " | Laurine | Léa | Léonie | Lila | Loïc | Lou | Lucas | Lucie | Ludivine | Maël | Malik | Manon"
    " | Margaux | Marius | Mathilde | Maxence | Mehdi | Mélanie | Mila | Myriam | Nadia | Naïm | Nathan"
    " | Ninon | Noé | Océane | Octave | Olivia | Oscar | Pauline | Perrine | Quentin | Rachid | Raphaël"
    " | Rémi | Romane | Roxane | Sacha | Salomé | Samir | Sandra | Sarah | Simon | Solène | Sonia"
    " | Stéphane | Sylvain | Tanguy | Théo | Thibault | Tiphaine | Tom | Valentin | Victor | Violette"
    " | Wassim | Xavier | Yanis | Yasmine | Yvan | Zélie | Zoé"
)

FIRST_EN = words(
    "Abigail | Adam | Aisha | Alfie | Amber | Amelia | Andrew | Annie | Ben | Beth | Brandon | Bridget"
    " | Caleb | Callum | Carla | Charlie | Chris | Claire | Connor | Daisy | Dan | Darcy | Dean | Eleanor"
    " | Elliot | Ellie | Erin | Ethan | Evie | Felix | Finn | Florence | Frank | Freya | Gareth | Gemma"
    " | George | Grace | Graham | Hannah | Harriet | Harvey | Heather | Holly | Imran | Isla | Ivy | Jack"
    " | Jasmine | Jenny | Jess | Joel | Jordan | Josh | Kate | Keira | Kyle | Lauren | Leah | Leo | Liam"
    " | Logan | Lola | Lucy | Luke | Maddie | Marcus | Maisie | Martha | Megan | Mia | Molly | Nate | Neil"
    " | Niamh | Nina | Noah | Oliver | Owen | Paige | Patrick | Penny | Priya | Rachel | Reece | Rhys"
    " | Riley | Robin | Rosie | Ruby | Russell | Ryan | Sadie | Sanjay | Sean | Sienna | Sophie | Stella"
    " | Tara | Ted | Tessa | Toby | Tyler | Vicky | Wendy | Will | Yusuf | Zack"
)

LAST = words(
    "Abadie | Allard | Aubertin | Bailly | Barrault | Bauer | Belmont | Benali | Berthier | Blanchet"
    " | Bonnefoy | Bouchard | Brunel | Carlier | Castaing | Chabert | Charrier | Clavel | Cordier | Cousin"
    " | Dallaire | Delmas | Desbois | Diallo | Dormoy | Duchêne | Duval | Esnault | Fabre | Ferrand"
    " | Fontaine | Fournel | Gaillard | Garnier | Gilbert | Granger | Guérin | Haddad | Hamelin | Hubert"
    " | Jacquot | Jourdan | Kaplan | Keller | Lacombe | Laforêt | Lamy | Langlois | Leclerc | Lemaire"
    " | Lenoir | Loiseau | Maillard | Marchal | Masson | Mercier | Monnier | Morvan | Moulin | Nguyen"
    " | Noiret | Ollivier | Paquet | Pascal | Pelletier | Perrot | Pichon | Poirier | Pruvost | Quéré"
    " | Raynaud | Renaud | Rivière | Rolland | Roussel | Sabatier | Salmon | Sauvage | Simonet | Tanguy"
    " | Tellier | Thibert | Traoré | Vallet | Vasseur | Vidal | Villard | Weber | Ashworth | Barlow"
    " | Bennett | Blake | Carver | Dawson | Ellison | Fletcher | Gibbs | Harding | Hobbs | Ingram | Jarvis"
    " | Kendrick | Lawson | Marsh | Nolan | Osborne | Pearce | Quinn | Radford | Shaw | Thorne | Underwood"
    " | Vaughan | Whitaker | Yates"
)

TOWNS_FR = words(
    "Agen | Albi | Amiens | Angers | Annecy | Arles | Arras | Auch | Aurillac | Auxerre | Avignon"
    " | Bayonne | Beauvais | Belfort | Besançon | Béziers | Blois | Bordeaux | Bourges | Brest | Brive"
    " | Caen | Cahors | Calais | Carcassonne | Castres | Chambéry | Charleville | Chartres | Cherbourg"
    " | Cholet | Clermont | Colmar | Compiègne | Dax | Dieppe | Dijon | Dole | Douai | Dreux | Dunkerque"
    " | Épinal | Évreux | Foix | Fréjus | Gap | Grenoble | Guéret | Laon | Laval | Lens | Libourne | Lille"
    " | Limoges | Lisieux | Lorient | Lyon | Mâcon | Marseille | Mende | Metz | Millau | Montauban"
    " | Montluçon | Moulins | Mulhouse | Nancy | Nantes | Narbonne | Nevers | Nice | Nîmes | Niort"
    " | Orléans | Paris | Pau | Périgueux | Perpignan | Poitiers | Privas | Quimper | Reims | Rennes"
    " | Roanne | Rodez | Roubaix | Rouen | Royan | Saumur | Saverne | Sedan | Sète | Soissons | Strasbourg"
    " | Tarbes | Toulon | Toulouse | Tours | Troyes | Tulle | Valence | Vannes | Verdun | Vesoul | Vichy"
    " | Vierzon | Montréal | Québec | Sherbrooke | Gatineau"
)

TOWNS_EN = words(
    "Aberdeen | Bath | Belfast | Birmingham | Blackpool | Bolton | Bradford | Brighton | Bristol"
    " | Cambridge | Cardiff | Carlisle | Chester | Cork | Coventry | Derby | Dover | Dublin | Dundee"
    " | Durham | Edinburgh | Exeter | Falmouth | Galway | Glasgow | Gloucester | Hastings | Hull"
    " | Inverness | Ipswich | Kendal | Leeds | Leicester | Lincoln | Liverpool | London | Luton"
    " | Manchester | Margate | Newcastle | Norwich | Nottingham | Oxford | Perth | Plymouth | Preston"
    " | Reading | Sheffield | Stirling | Swansea | Torquay | Truro | Wakefield | Wigan | York | Albany"
    " | Boston | Buffalo | Hartford | Newark | Philadelphia | Portland | Providence | Rochester | Syracuse"
    " | Brooklyn | Queens"
)
