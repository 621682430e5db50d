-- Who may use a bot besides its owner, and which bot a user has chosen.
create table public.bot_shares (
  bot_id relay.bot_id not null references public.bots (id) on delete cascade,
  user_id uuid not null references auth.users (id) on delete cascade,
  created_at timestamptz not null default now(),
  primary key (bot_id, user_id)
);

select relay.complete_ids('public.bot_shares');
create index bot_shares_by_user on public.bot_shares (user_id);

comment on table public.bot_shares is 'Who may use a bot besides its owner; the key is never shared.';

create table if not exists public.user_settings (
  user_id uuid primary key references auth.users (id) on delete cascade
);

alter table public.user_settings
  add column if not exists default_bot_id relay.bot_id references public.bots (id) on delete set null;
select relay.complete_ids('public.user_settings');

create index user_settings_by_default_bot on public.user_settings (default_bot_id);

comment on table public.user_settings is 'What a user has chosen for all conversations.';
comment on column public.user_settings.default_bot_id is 'Answers if neither request nor conversation names a bot.';
