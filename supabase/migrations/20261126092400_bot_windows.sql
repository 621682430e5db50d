-- A bot's window, how much of it is kept free for the answer, and what the bot writes in the background: memories of a
-- story that outgrows the window, and a title.
alter table public.bots
  add column if not exists context_tokens integer,
  add column if not exists reply_tokens integer,
  add column if not exists memory boolean not null default false,
  add column if not exists titles boolean not null default false;

-- An adopted table may have such columns, with other values for what is unknown.
alter table public.bots
  alter column context_tokens drop default, alter column context_tokens drop not null,
  alter column reply_tokens drop default, alter column reply_tokens drop not null,
  alter column memory set default false, alter column titles set default false;
select relay.write_quietly('public.bots', $sql$
  update public.bots set context_tokens = null where context_tokens not between 256 and 10000000;
  update public.bots set reply_tokens = null
  where reply_tokens not between 1 and 1000000 or reply_tokens >= context_tokens;
  update public.bots set memory = false where memory is null;
  update public.bots set titles = false where titles is null;
$sql$);

alter table public.bots
  alter column memory set not null, alter column titles set not null,
  add constraint bots_context_tokens_are_in_range check (context_tokens between 256 and 10000000),
  add constraint bots_reply_tokens_are_in_range check (reply_tokens between 1 and 1000000),
  add constraint bots_reply_tokens_leave_room check (reply_tokens < context_tokens);

comment on column public.bots.context_tokens is
  'The window: how many tokens the model reads at once, its answer included; null: what a refusal has taught, if any.';
comment on column public.bots.reply_tokens is
  'Tokens that are kept free for the answer, and asked for as its limit; null: a quarter of the window, at most 4,096.';
comment on column public.bots.memory is
  'True: before a story outgrows the window, the model sums up its beginning, in the background.';
comment on column public.bots.titles is
  'True: after its first answer the model gives a story without a title one, in the background.';

grant
  select (context_tokens, reply_tokens, memory, titles),
  insert (context_tokens, reply_tokens, memory, titles),
  update (context_tokens, reply_tokens, memory, titles)
on table public.bots to authenticated;
