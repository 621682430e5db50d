/** The stories that the demo provider tells, each with the prompts that ask for it; the last is for all others. */
export const STORIES: { about: RegExp; text: string }[] = [{
  about: /sea|ship|light ?house|ocean|harbou?r|island/i,
  text: `The lighthouse at Carrow Point had gone dark twice in a hundred years, and both times the sea had asked first.

Ines did not know this on the evening the letter came. It lay on the lamp room's floor, dry as flour, though the door had been shut since noon. "Tonight," it said, in a hand like kelp on sand, "would you look away for an hour?"

She was a practical woman. She trimmed the wick, checked the oil, and went down to ask the harbour master whether any ship was expected. None was. She asked the gulls, who knew more and said less. Then she climbed the ninety-one steps again, sat beside the lamp, and thought about what an hour of darkness is worth to something that has no hands to cover its eyes.

At midnight she drew the shutter.

The dark came in like a tide. For a while there was only wind. Then, far out, a light answered that was no ship's: green, slow, larger than the bay. It rose, and with it rose a sound, and Ines understood that she was hearing the sea talk in its sleep. It spoke of rivers it had known as children. It spoke of her father's boat, quite kindly, by name.

When the hour was over she opened the shutter. The beam went out across plain black water, once, twice, as it always had.

In the morning there was a second letter. It held no words, only her father's brass button, polished bright.

She sewed it on her coat, and lit the lamp early that night, so that whoever was out there would know they were thanked.`,
}, {
  about: /robot|machine|space|star|moon|planet|future/i,
  text: `Unit Forty had been built to count the apples, and it counted them very well.

There were eleven thousand two hundred and six of them on the morning the orchard's owner did not come. Forty waited at the gate until the dew was gone. It waited the next day, and the day after. On the fourth it reported to the house that the apples were ripe. The house, which was a simple house, opened and closed a window.

So Forty made a decision, which was not among the things it had been built to make. It picked one apple and carried it to the road.

A girl on a bicycle stopped. "Are you selling those?"

"I am counting them," said Forty. "But the number no longer goes anywhere."

She thought about that. "You could count who gets one," she said.

By evening Forty had a new column. The girl was in it, and her two brothers, and a postman who wept a little for reasons that he kept to himself. By the end of the week people came up the hill with baskets, and told Forty their names, and what they meant to bake. Forty wrote it all down. It found that the entries differed from one another far more than the apples had.

In the first frost the owner's daughter came home, with a key and a tired face. She found the trees bare, the gate repaired, and a machine on the step with a ledger on its knees.

"How many were there?" she asked.

"Eleven thousand two hundred and six," said Forty. "Would you like to hear about them?"

She sat down. It was dark before they had finished the second page.`,
}, {
  about: /[^]*/,
  text: `In the town of Underbridge there was a shop that mended weather.

It was a narrow shop, and most people took it for a cobbler's. Its owner, Mr. Abel Quill, did nothing to correct them. He would heel a boot if he was asked. But the shelves behind the curtain held other things: a drizzle with a torn hem, half a rainbow waiting for its violet, and a summer afternoon that somebody had left out in the rain.

One Tuesday a boy named Tam put a jar on the counter. In it something grey was going round and round.

"It is my grandmother's thunderstorm," he said. "She kept it for company. It does not thunder any more."

Mr. Quill held the jar against the lamp. The storm turned its back on him. He tapped the glass, listened, and reached for his smallest screwdriver; then he put it down again.

"There is nothing broken," he said. "When did it last have anybody to frighten?"

Tam had to think. Grandmother had been gone since March. Since then the jar had stood on a shelf, where everyone was careful of it, and spoke softly, and closed the door without a sound.

So they carried it up the church tower together, all the worn stone way, and Mr. Quill unscrewed the lid. For a moment the cloud lay on the parapet like a tired cat. Then a pigeon looked at it with contempt.

The crack was heard in three valleys. Washing was brought in that had not been out. Tam shrieked, and then laughed until he had to hold on to the bell.

It came home by itself at supper time, small and pleased, and it rumbled in its jar all night. And whoever passed the house after that took care to slam the door.`,
}];
