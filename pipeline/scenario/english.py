"""Everyday English as a grammar; `polish` sees to a and an."""

from __future__ import annotations

import re

from pipeline.scenario.grammar import Rules, words
from pipeline.scenario.names import FIRST_EN, TOWNS_EN

_ARTICLE = re.compile(r"\b([aA]) (?=[aeioAEIO]|u(?!n[is]|s[aeiu]))")


def polish(text: str) -> str:
    """Makes “a orange umbrella” into English."""
    return _ARTICLE.sub(r"\1n ", text)


RULES: Rules = {
    "first": FIRST_EN,
    "town": TOWNS_EN,
    "num": [
        str(n)
        for n in (2, 3, 4, 5, 6, 7, 9, 10, 12, 14, 15, 16, 19, 20, 22, 25, 30, 36, 40, 48, 50, 65, 70, 99)
    ],
    "day": words("Monday | Tuesday | Wednesday | Thursday | Friday | Saturday | Sunday"),
    "adj": words(
        "brand new | overpriced | wonky | second-hand | cursed | tiny | half-broken | suspicious"
        " | legendary | soggy | ridiculous | home-made | neon green | haunted | spotless | borrowed"
        " | very loud | forgotten | emergency | underrated | squeaky | gigantic | lukewarm"
        " | perfectly fine | mysterious | so-called | freshly painted | useless | beautiful | lopsided"
        " | fake | heavy | hand-me-down | limited edition"
    ),
    "kin": words(
        "brother | sister | dad | mum | uncle | auntie | cousin | neighbour | flatmate | boss | gran"
        " | grandad | niece | nephew | best mate | old teacher | landlord | postman | dentist | godmother"
        " | ex | manager"
    ),
    "who": [
        "6*{first}",
        "4*my {kin}",
        "2*{first}'s {kin}",
        "some bloke from {town}",
        "my {kin} {first}",
        "{first} from {town}",
        "a {kin} in {town}",
        "half of {town}",
    ],
    "mod": [
        "2*from {town}",
        "2*{first} lent me",
        "2*in {town}",
        "my {kin} swears by",
        "from last {day}",
        "for {num} quid",
        "I bought {num} years ago",
        "near {town}",
        "we ordered on {day}",
        "number {num}",
        "with {first}",
        "next to {town}",
    ],
    "np": [
        "3*the {n} {mod}",
        "3*a {adj} {n}",
        "2*that {adj} {n}",
        "2*my {adj} {n}",
        "the {adj} {n} {mod}",
        "our {n} {mod}",
        "{first}'s {n}",
        "{first}'s {adj} {n}",
        "your {adj} {n}",
        "the {n} and the {n}",
        "this {n} {mod}",
    ],
    "v3": words(
        "lost | finally found | sold | moans about | adores | broke | forgot | photographed"
        " | wants to swap | fixed | defends | has never seen | hid | collects | won | laughed at"
        " | dreams of | misses | drew | lent me | haggled over | regrets | returned | does not trust"
        " | still believes in | spilled soup on | filmed | reviewed | is waiting for | ordered"
        " | brought back | guards | fell asleep next to | inherited | raves about | nearly burned"
        " | repainted | campaigned for | ignored | impersonated | tested | unplugged | gift-wrapped"
        " | carries | praised | blames | tripped over | auctioned off | named a pet after"
    ),
    "i": words(
        "I am looking for | I finally found | I cannot stand | I missed | I just discovered | I regret"
        " | I tried | I recommend | I am waiting on | I almost bought | I do not get | I dreamt about"
        " | I am returning | I prefer | I got given | I am sharing | I am planning | I am scared of"
        " | I approve of | I need to fix | I will never forget | I sold | I avoid | I am watching"
        " | I am terrible with | I survived | I skipped | I said yes to | I am thankful for | I cried over"
        " | I am saving up for | I would bet on | I have given up on | I was right about | I wrote down"
    ),
    "we": words(
        "we built | we are looking for | we got lost because of | we are fighting with | we celebrated"
        " | we demand | we are waiting for | we visited | we share | we voted for | they promised us"
        " | we argued about | we emptied | we laughed at | we bet it all on | we replaced | somebody stole"
        " | we keep paying for | we deserve | we rediscovered | we cling to | we tasted | we buried"
        " | we apologise for | we swapped | we rebuilt | we ruined"
    ),
    "vp": words(
        "is worth the trip | drives me mad | barely stands up | deserves better | changed my life"
        " | splits the family | costs an arm and a leg | works every other day | is always late"
        " | pleases everybody | stresses me out | smells brand new | came just in time | went sideways"
        " | saved my week | interests nobody | is so loud | takes me back | makes no sense"
        " | remains a mystery | is too big | disappeared | is a local joke | is pointless"
        " | cost me a fortune | aged well | took a beating | will do for me | makes me hungry"
        " | gives me a headache | glows in the dark | is too wide | blew my mind | survives anything"
        " | made people jealous | rescued the evening | slows everything down | scared the cat off"
    ),
    "judge": words(
        "what a mess | I am crying laughing | absolute art | enough already | fair play | no notes"
        " | never again | I will not recover | this bodes well | lovely surprise | what a time to be alive"
        " | thanks for nothing | I am ashamed | just saying | pure joy | gutted | living the dream"
        " | everything is fine | nobody warned me | do not even ask | lesson learned"
        " | I am being polite here | you are welcome | I want more | next time I stay in bed"
        " | my bank account weeps | those who know, know | no judgement | respect | I am so done"
        " | to be continued | love to see it | roll on the weekend | made my day | hard no | anyway"
        " | back to bed | thoughts | I have proof | keep the faith | jackpot | whose idea was this"
        " | send help | big if true | could be worse | cannot complain | unreal scenes"
    ),
    "open": words(
        "right | so | honestly | anyway | small reminder | news of the day | verdict | listen"
        " | silly question | for the record | rant incoming | true story | no but | seriously | people"
        " | confession | top tip | only yesterday | slice of life | riddle | plot twist | urgent"
        " | meanwhile in {town} | {day} mood | fun fact | lol | ok then | PSA | {first} if you read this"
        " | message for {first} | hot take | team {town} | theory | admission | dilemma | breaking"
        " | according to {first} | note to self | update | unpopular opinion | petition idea"
        " | overheard in {town}"
    ),
    "time": words(
        "this morning | last night | since {day} | at lunch | overnight | last week | at age {num}"
        " | within {num} minutes | on my break | every {day} | before breakfast | after {num} days"
        " | first thing | mid video call | between two showers | all day | around midnight"
        " | on the way home | {num} days ago | like every {day} | just before leaving"
        " | after {num} attempts | for the {num}th time | every other {day} | last month | at dawn"
        " | during half term | a moment ago"
    ),
    "spot": words(
        "in {town} | in {town} | in {town} | at {first}'s | at {first}'s | outside {town} station"
        " | at the market in {town} | on the road to {town} | in the lounge | on the balcony"
        " | at the bottom of the garden | on the {num} bus | at my {kin}'s | at the office"
        " | behind the town hall | just outside {town} | in the lift | on the top floor"
        " | under {first}'s window | at the café | in the car park | in the cellar"
        " | between {town} and {town} | in the rain | for {num} minutes | in front of everyone"
        " | with {first} | with my {kin} | without {first} | thanks to {first}"
    ),
    "link": words(
        "but | and | so | while | because | except | meanwhile | plus | which means | otherwise"
        " | even though | and yet | since | the day | ever since | not to mention | when | although"
    ),
    "ask": words(
        "has anyone seen | where do you keep | who wants to swap | how do you fix | what do you make of"
        " | how much for | do you know | who took | is it odd to own | where to bin | who wants to adopt"
        " | what would you do with | how to choose | how to spell | who remembers | what can replace | why"
        " | can you sell | who lends | when do we celebrate | chocolate or | where on earth is"
        " | who is selling"
    ),
    "said": words(
        "swears | told me | claims | shouted that | reckons | is convinced | insists | posted that"
        " | explains | admits | promises | finally confessed | keeps repeating | bet me | complains that"
    ),
    "c": [
        "4*{who} {v3} {np}",
        "4*{i} {np}",
        "3*{we} {np}",
        "3*{np} {vp}",
        "2*{who} {said} {np} {vp}",
        "{num} quid for {np}",
        "{num} minutes of queue for {np} {spot}",
        "{np} or {np}",
        "no more {np} {spot}",
        "they say {np} {vp} {spot}",
    ],
    "tail": [
        "{spot}",
        "{time}",
        "2*{link} {c}",
        "{spot} {time}",
        "{link} {c} {spot}",
        "{link} {who} {v3} {np}",
    ],
    "end": [".", "2*", "!", "…", "2*.", "!!", " 😅", " 🙃"],
    "post": [
        "3*{open}, {c} {link} {c}{end}",
        "3*{time} {c} {spot}. {judge}{end}",
        "2*{c} {spot} {link} {c}{end}",
        "2*{c}, {judge}. {c}{end}",
        "2*{time}, {c} {tail}{end}",
        "2*{ask} {np}? {c}{end}",
        "{ask} {np} {spot}? {judge}",
        "{c}. {c}. {judge}{end}",
        "{judge}: {c} {tail}{end}",
        "{open}: {c} {tail}{end}",
        "{who}: “{c}”. {judge}{end}",
        "{c} {link} {c} {link} {c}{end}",
        "{judge}, {time} {c} {spot}{end}",
        "{c} {tail}, {judge}{end}",
    ],
    "middling": [
        "2*{open}, {who} {v3} {np}{end}",
        "2*{who} {v3} {np} {spot}{end}",
        "{c} {spot}, {judge}{end}",
        "{ask} {np} {spot}?",
        "{time} {who} {v3} {np}{end}",
        "{judge}, {c} {spot}{end}",
        "{open}, {np} {vp} {spot}{end}",
        "{np}!",
    ],
    "long": [
        "{post} {post} {post}",
        "Hi all. {post} {post}",
        "{post} {c}. {ask} {np}? {post}",
        "{post} {post} Thanks in advance.",
        "{post} {c} {tail}. {post} {post}",
    ],
    "short": words(
        "lol | lmao | so good | totally | love this | brilliant | gorgeous | well done | thanks!"
        " | same here | +1 | so true | nonsense | oh really? | classy | huge | can confirm | well said"
        " | ok | wrong | source? | how sad | hang in there | too cute | agreed | what? | news to me"
        " | not bad | what a talent | 😂😂😂 | 👏👏 | ❤️ | 🔥🔥 | oh no | at last! | thanks {first}"
        " | nice one {first} | exactly {first} | come to {town} | see you {day}? | hello from {town}"
        " | {num} quid apparently | Have a nice day everyone | Good evening all | Good night"
        " | happy birthday {first} | happy {day} | Good morning everyone ☀️ | good luck {first}"
        " | congrats {first}"
    ),
    "reply": [
        "3*{short}",
        "2*{who} also {v3} {np} {spot}{end}",
        "no, {np} {vp} {tail}{end}",
        "{i} {np} {tail}{end}",
        "{judge}, {i} {np} {spot}{end}",
        "same, {we} {np} {spot}{end}",
        "{judge}{end}",
        "and {np}?",
        "{ask} {np} {spot}?",
        "yes but {c} {tail}{end}",
    ],
}
